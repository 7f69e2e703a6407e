import type { Message } from '../../message.ts';
import { Entry } from './entry.ts';
import type { ExpirySweeper } from './expiry-sweeper.ts';
import type { Lanes } from './lanes.ts';
import type { LastValueSelector } from './last-value-selector.ts';
import { Placing } from './placement.ts';
import type { QueueCore } from './queue-core.ts';
import type { Schedule } from './schedule.ts';
import { State } from './transitions.ts';
import { waitingUntil } from './waiting.ts';

/** A queue whose messages can wait before anybody has tried them. */
interface IntakeQueue extends QueueCore {
  readonly lanes: Lanes;
  readonly schedule: Schedule;
  readonly lastValues: LastValueSelector | undefined;
  readonly expiry: ExpirySweeper;
}

/** The way into a queue: for what publishers send, for dead letters, and for what moves. */
export class Intake {
  readonly #queue: IntakeQueue;
  #placing: Placing;

  constructor(queue: IntakeQueue) {
    this.#queue = queue;
    this.#placing = new Placing(queue.options);
  }

  optionsChanged(): void {
    this.#placing = new Placing(this.#queue.options);
  }

  /**
   * Stages a new message at the end, which the next `pump` delivers; one with a delay waits for its time. Nothing is
   * refused here: who asks has made sure that there is room. `message` is what the record holds, where a publisher sent it:
   * what moves has waited already. `owned` says that the record is for this queue alone.
   */
  append(given: Buffer, message?: Message, owned = false): Entry {
    const queue = this.#queue;
    const availableAt = message === undefined ? 0 : this.#placing.availableAt(message, given);
    const record = this.#placing.place(given, message, owned, availableAt);
    queue.expiry.arrived(record);
    const replaced = queue.lastValues?.replace(record, message);
    if (replaced !== undefined) return replaced;
    const waits = availableAt > 0 && availableAt > queue.context.clock.now();
    const entry = new Entry(queue, queue.takeSequence(), record, waits ? State.scheduled : State.ready);
    queue.totals.enqueued++;
    queue.messages++;
    queue.bytes += record.length;
    if (waits) this.#postpone(entry, availableAt);
    else queue.selector.arrived(entry);
    queue.stage(entry, record.length);
    return entry;
  }

  #postpone(entry: Entry, availableAt: number): void {
    const { hot, lanes, schedule } = this.#queue;
    // Whoever looks at all messages reads the lanes that there are.
    lanes.of(entry.lane);
    entry.waiting = waitingUntil(availableAt);
    hot.add(entry.record.length);
    schedule.add(entry, availableAt);
  }
}
