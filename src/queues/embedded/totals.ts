import { Histogram } from '../../std/histogram.ts';
import { type QueueDropReason, queueDropReasons } from '../queue-stats.ts';

/** What happened in a queue since the process started. Each message that has left is in exactly one of the last five. */
export class QueueTotals {
  enqueued = 0;
  delivered = 0;
  redelivered = 0;
  released = 0;
  failed = 0;
  leasesExpired = 0;
  rejected = 0;
  duplicates = 0;
  elided = 0;
  readonly timeInQueueMs: Histogram;
  readonly processingMs: Histogram;

  acknowledged = 0;
  /** How long acknowledged messages were with their consumers, all together. */
  heldMs = 0;
  deadLettered = 0;
  expired = 0;
  readonly dropped = Object.fromEntries(Object.keys(queueDropReasons).map((reason) => [reason, 0])) as Record<
    QueueDropReason,
    number
  >;
  moved = 0;

  /** Times are recorded where `shared` has its own, as a log has them for all of its groups. */
  constructor(shared?: Pick<QueueTotals, 'timeInQueueMs' | 'processingMs'>) {
    this.timeInQueueMs = shared?.timeInQueueMs ?? new Histogram();
    this.processingMs = shared?.processingMs ?? new Histogram();
  }

  /** As they are now. */
  read() {
    const { heldMs: _, ...totals } = this;
    return {
      ...totals,
      dropped: { ...this.dropped },
      timeInQueueMs: this.timeInQueueMs.read(),
      processingMs: this.processingMs.read(),
    };
  }
}
