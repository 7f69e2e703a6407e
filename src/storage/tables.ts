/**
 * Every table of the environment, with its layout. Keys sort as bytes, so numbers in keys are big-endian.
 *
 *   meta              "format"                                          → u32 format version
 *
 *   queues            | queue u32 |                                     → JSON: name, options, createdAt, removing
 *   queue-counters    | queue u32 |                                     → numbers, see queues/embedded/counters.ts
 *   messages          | queue u32 | sequence u48 |                      → header and message, see queues/embedded/record.ts
 *   message-states    | queue u32 | sequence u48 |                      → failures so far, see queues/embedded/failure.ts
 *   schedule          | queue u32 | availableAt u48 | sequence u48 |    → one zero byte
 *
 *   retained          | topic, see broker/retained-key.ts |             → place u64, record of the message
 *   sessions, session-positions, session-messages, session-received, session-bodies, session-body-counts
 *                     the broker's, see broker/session-table.ts
 *
 * A message has a row in `message-states` exactly when it has one in `schedule`: when it failed and waits for its next try.
 */
export const tableNames = [
  'meta',
  'queues',
  'queue-counters',
  'messages',
  'message-states',
  'schedule',
  'retained',
  'sessions',
  'session-positions',
  'session-messages',
  'session-received',
  'session-bodies',
  'session-body-counts',
] as const;

export type TableName = (typeof tableNames)[number];

/** Version of all the layouts together. A folder of another version is refused at open. */
export const formatVersion = 2;

/** Longest key that a table takes, from LMDB's page of 4 KiB: two keys and their node headers must fit in one. */
export const keyBytesMax = 1978;
