import type { ReceiptWaiter } from '../../message.ts';
import { filterMatches } from '../../mqtt/topics/match.ts';
import type { Clock, Timer } from '../../std/clock.ts';
import { nextTurn } from '../../std/in-slices.ts';
import type { Log } from '../../std/log.ts';
import type { GreetingSource } from '../greetings.ts';
import { Publication } from '../publication.ts';
import { nobodyWaits } from '../publisher.ts';
import { type RetainedScan, TopicScan } from '../retained-scan.ts';
import type { Router } from '../router.ts';

export type SystemValue = readonly [topic: string, value: string];

/** Somebody who has values to show. Asked once an interval, and when a subscription is greeted. */
export type ValueSource = () => Iterable<SystemValue> | Promise<Iterable<SystemValue>>;

export interface SystemTopicsParts {
  /** 0: there are no such topics. */
  readonly intervalSeconds: number;
  readonly sources: readonly ValueSource[];
  /** Called once an interval, before anything is asked. */
  readonly onTick: () => void;
  readonly router: Router;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * The topics under `$SYS`. They act like retained messages of QoS 0 that the server publishes where their value has changed
 * since an interval before; but they are made when somebody listens, and none is on disk.
 */
export class SystemTopics implements GreetingSource {
  readonly #parts: SystemTopicsParts;
  /** As they were collected last. */
  #values: ReadonlyMap<string, string> = new Map();
  /** As the subscribers know them. */
  #published: ReadonlyMap<string, string> = new Map();
  #collecting: Promise<void> | undefined;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(parts: SystemTopicsParts) {
    this.#parts = parts;
  }

  start(): void {
    if (this.#parts.intervalSeconds > 0) this.#arm();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  claims(filter: string): boolean {
    return filter === root || filter.startsWith(`${root}/`);
  }

  match(filter: string): RetainedScan {
    const topics = [...this.#values.keys()].filter((topic) => filterMatches(filter, topic));
    return new TopicScan(topics, (topic) => {
      const publication = this.#publication(topic, this.#values.get(topic));
      return publication && { publication, place: 0 };
    });
  }

  /** Collects the values of this moment first. */
  whenReadable(_filter: string, waiter: ReceiptWaiter, tag: number): void {
    if (this.#parts.intervalSeconds === 0) waiter.receipt(tag, undefined);
    else void this.#collect().then(() => waiter.receipt(tag, undefined));
  }

  #arm(): void {
    const { clock, intervalSeconds } = this.#parts;
    this.#timer = clock.after(intervalSeconds * 1000, () => this.#tick());
  }

  #tick(): void {
    this.#parts.onTick();
    if (this.#parts.router.hasSystemSubscriptions) void this.#collect().then(() => this.#publishChanged());
    this.#arm();
  }

  /** Never rejects: a source that fails is logged, and the values stay as they were. */
  #collect(): Promise<void> {
    this.#collecting ??= this.#ask().finally(() => {
      this.#collecting = undefined;
    });
    return this.#collecting;
  }

  async #ask(): Promise<void> {
    try {
      const answers = await Promise.all(this.#parts.sources.map((source) => source()));
      this.#values = new Map(answers.flatMap((values) => [...values]));
    } catch (problem) {
      this.#parts.log.error('Cannot collect the values of $SYS', { error: problem });
    }
  }

  /** So many in a turn: a thousand queues that are all at work have tens of thousands of values. */
  async #publishChanged(): Promise<void> {
    const values = this.#values;
    const changed = [...values].filter(([topic, value]) => this.#published.get(topic) !== value);
    this.#published = values;
    for (const [i, [topic, value]] of changed.entries()) {
      if (i > 0 && i % publishesPerTurn === 0) await nextTurn();
      if (this.#stopped) return;
      this.#publish(topic, value);
    }
  }

  #publish(topic: string, value: string): void {
    const { router } = this.#parts;
    const publication = this.#publication(topic, value);
    if (publication !== undefined) router.publish(router.route(topic), publication, nobodyWaits, 0);
  }

  #publication(topic: string, value: string | undefined): Publication | undefined {
    if (value === undefined) return undefined;
    return new Publication(topic, Buffer.from(value), 0, true, undefined, this.#parts.clock.now(), root, true);
  }
}

const root = '$SYS';

const publishesPerTurn = 500;
