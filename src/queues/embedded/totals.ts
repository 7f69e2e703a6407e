/** What happened in a queue since the process started. Each message that has left is in exactly one of the last four. */
export class QueueTotals {
  enqueued = 0;
  delivered = 0;
  redelivered = 0;
  released = 0;
  failed = 0;
  expired = 0;
  rejected = 0;
  elided = 0;

  acknowledged = 0;
  deadLettered = 0;
  dropped = 0;
  moved = 0;
}
