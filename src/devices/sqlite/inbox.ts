/**
 * The inbox for a FROM, without what a device that is gone left under an id that another one has now: its rows are found by
 * way of its history, some of which is gone before them.
 */
export const inboxOfNow =
  '(SELECT inbox.* FROM inbox JOIN devices ON devices.id = inbox.device_id AND inbox.first_id >= devices.since_id) AS inbox';
