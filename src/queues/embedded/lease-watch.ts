import type { Deadlines } from '../../std/deadlines.ts';
import type { Entry } from './entry.ts';
import type { DeliverySource } from './leasing-home.ts';
import type { Slot } from './slot.ts';
import type { Wake } from './wake.ts';

/**
 * Ends the leases of one consumer when their time is over. It wakes at the end of the earliest, and where that was settled
 * meanwhile, looks for the next one then: a lease that is settled in time costs nothing here.
 */
export class LeaseWatch implements Wake {
  readonly #slot: Slot<Entry>;
  readonly #wakes: Deadlines<Wake>;
  readonly #source: Pick<DeliverySource, 'removed' | 'leaseExpired'>;
  deadline = 0;
  heapIndex = -1;

  constructor(slot: Slot<Entry>, wakes: Deadlines<Wake>, source: Pick<DeliverySource, 'removed' | 'leaseExpired'>) {
    this.#slot = slot;
    this.#wakes = wakes;
    this.#source = source;
  }

  /** A lease was given, or ends at another time. */
  changed(): void {
    const { earliest } = this.#slot;
    if (earliest === undefined) return;
    if (this.heapIndex < 0 || earliest.deadline < this.deadline) this.#wakes.set(this, earliest.deadline);
  }

  wake(now: number): void {
    // What is held of it is nobody's.
    if (this.#source.removed) return;
    const { earliest } = this.#slot;
    // The next one wakes it again: thousands that end at once are for the heap to spread over turns.
    if (earliest !== undefined && earliest.deadline <= now) this.#source.leaseExpired(earliest, now);
    this.changed();
  }

  stop(): void {
    this.#wakes.remove(this);
  }
}
