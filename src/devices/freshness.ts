/** What decides which of two values of one key is the newer. */
export interface Version {
  /** When it happened, epoch milliseconds, by the device. */
  readonly time: number;
  /** The device's own counter. */
  readonly seq: number | undefined;
  /** When it came in, epoch milliseconds, by this server. */
  readonly receivedAt: number;
}

/**
 * Whether `candidate` may take the place of `known`.
 *
 * - A later `time` wins; at the same time a higher `seq` does, and having one goes before having none.
 * - The same time and the same `seq` is the same reading under another message id: what is known stays.
 * - The same time and no `seq` on either side: nothing but the order of arrival says which one is newer, so the later
 *   arrival wins. It is the common case of devices without a clock, whose readings take the time of their arrival.
 */
export function isNewer(candidate: Version, known: Version): boolean {
  if (candidate.time !== known.time) return candidate.time > known.time;
  if (candidate.seq === undefined && known.seq === undefined) return candidate.receivedAt >= known.receivedAt;
  if (candidate.seq === undefined || known.seq === undefined) return candidate.seq !== undefined;
  return candidate.seq > known.seq;
}
