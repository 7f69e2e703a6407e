import type { Clock, Timer } from '../std/clock.ts';
import type { QueueEvent, QueueEventKind } from './engine.ts';

export interface QueueEventsParts {
  /** Says something on a topic, to whoever listens; asks for the payload only where somebody does. */
  readonly say: (topic: string, payload: () => Buffer) => void;
  readonly clock: Clock;
}

/** Of one kind and one queue, what has come since it was said last. */
interface Held {
  event: QueueEvent | undefined;
  count: number;
  readonly timer: Timer;
}

/**
 * Says what happens to queues on `$events/queue/<name>/<event>`, as JSON. What may happen thousands of times a second is said
 * at once, and then at most once a second with how often it was and the last of it.
 */
export class QueueEvents {
  readonly #parts: QueueEventsParts;
  readonly #held = new Map<string, Held>();
  #isStopped = false;

  constructor(parts: QueueEventsParts) {
    this.#parts = parts;
  }

  tell(event: QueueEvent): void {
    if (this.#isStopped) return;
    if (!frequent.has(event.kind)) {
      this.#say(event);
      return;
    }
    const topic = topicOf(event);
    const held = this.#held.get(topic);
    if (held === undefined) {
      this.#say(event, 1);
      this.#hold(topic);
    } else {
      held.event = event;
      held.count++;
    }
  }

  /** Says what is held back, and nothing more: nobody listens by now, and a timer would hold up the end of the process. */
  stop(): void {
    this.#isStopped = true;
    for (const { event, count, timer } of this.#held.values()) {
      timer.cancel();
      if (event !== undefined) this.#say(event, count);
    }
    this.#held.clear();
  }

  #hold(topic: string): void {
    const timer = this.#parts.clock.after(holdMs, () => this.#release(topic));
    this.#held.set(topic, { event: undefined, count: 0, timer });
  }

  #release(topic: string): void {
    const held = this.#held.get(topic);
    this.#held.delete(topic);
    if (held?.event === undefined) return;
    this.#say(held.event, held.count);
    this.#hold(topic);
  }

  #say(event: QueueEvent, count?: number): void {
    const { queue, kind, at, detail } = event;
    const body = { queue, event: kind, at, ...(count === undefined ? {} : { count }), ...detail };
    this.#parts.say(topicOf(event), () => Buffer.from(JSON.stringify(body)));
  }
}

/** One row an event, for the reference: what it means, and what its payload has beside `queue`, `event` and `at`. */
export const queueEventRows: Readonly<Record<QueueEventKind, readonly [meaning: string, detail: string]>> = {
  created: ['The queue was made', ''],
  changed: ['Options of the queue changed', ''],
  removed: ['The queue is gone with its messages', ''],
  'consumer-joined': ['A consumer subscribed, or asks for messages', '`consumer`, `kind` (push or pull), `count`'],
  'consumer-left': [
    'A consumer takes no more messages; of one who polls: has held and asked for nothing for 2 s',
    '`consumer`, `kind`, `count`',
  ],
  dead: [
    'A message failed for good, or its time ran out',
    '`sequence`, `code`, `reason`, `attempts`, `kept` (whether it is in the dead letters), `count`',
  ],
  full: ['Publishes meet a limit of the queue', '`messages`, `bytes`'],
  room: ['The queue is below nine tenths of its limits again', '`messages`, `bytes`'],
  'alert-raised': ['A number has been at the threshold of an alert for 10 s', '`alert`, `met`, `threshold`'],
  'alert-cleared': [
    'It has been below nine tenths of the threshold for 10 s; behind a start of the server also where it may have been raised before',
    '`alert`, `met`, `threshold`',
  ],
};

const frequent: ReadonlySet<QueueEventKind> = new Set(['dead', 'consumer-joined', 'consumer-left']);
const holdMs = 1_000;

function topicOf({ queue, kind }: QueueEvent): string {
  return `$events/queue/${queue}/${kind}`;
}
