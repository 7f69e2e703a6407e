import { setTimeout as wait } from 'node:timers/promises';
import type { Random } from '../../src/std/testing/random.ts';
import type { Device } from '../sessions/device.ts';
import type { Places, Way } from './places.ts';
import { RetainedChurn } from './retained-churn.ts';
import { Storms } from './storms.ts';
import { type Habit, Habits, Reader, Stream } from './traffic.ts';

const kibibyte = 1024;
const tickMs = 20;
/** Without progress for so long the end is stuck. */
const stuckMs = 20_000;

/** Everything that a broker may meet in an hour, at once. */
export class SoakRun {
  readonly storms: Storms;
  readonly retained: RetainedChurn;
  readonly habits: Habits;
  readonly streams: Record<'steady' | 'large' | 'shared', readonly Stream[]>;
  readonly readers: Record<'steady' | 'large' | 'shared', readonly Reader[]>;
  readonly #places: Places;

  constructor(places: Places, random: Random, stormSize: number) {
    this.#places = places;
    this.habits = new Habits(random);
    this.storms = new Storms(places, random, stormSize);
    this.retained = new RetainedChurn(places, random, 50);
    this.streams = {
      steady: Array.from({ length: 12 }, (_, index) => this.#steady(index)),
      large: [
        this.#stream('large-0', 'tcp', { perSecond: 20, bytes: 64 * kibibyte, topic: 'soak/large/0', qos: 1 }),
        this.#stream('large-1', 'tcp', { perSecond: 2, bytes: 256 * kibibyte, topic: 'soak/large/1', qos: 2 }),
        this.#stream('large-2', 'ws', { perSecond: 1, bytes: kibibyte * kibibyte, topic: 'soak/large/2', qos: 1 }),
      ],
      shared: [this.#stream('shared', 'tcp', { perSecond: 100, bytes: 256, topic: 'soak/shared', qos: 1 })],
    };
    for (const { device } of this.streams.steady) this.habits.add([device], 'takes over');
    this.readers = {
      steady: [
        ...(['tcp', 'tls', 'ws', 'wss'] as const).map((way) => this.#reader('steady', way, 'stays')),
        this.#reader('steady', 'tcp', 'takes over'),
        ...Array.from({ length: 20 }, () => this.#reader('steady', 'tcp', 'comes and goes')),
      ],
      large: [
        this.#reader('large', 'tcp', 'stays'),
        this.#reader('large', 'tcp', 'reads slowly'),
        this.#reader('large', 'tls', 'reads slowly'),
      ],
      shared: [this.#group()],
    };
    for (const { devices, habit } of Object.values(this.readers).flat()) this.habits.add(devices, habit);
  }

  get devices(): Device[] {
    const senders = Object.values(this.streams).flatMap((streams) => streams.map(({ device }) => device));
    const receivers = Object.values(this.readers).flatMap((readers) => readers.flatMap(({ devices }) => devices));
    return [...receivers, this.storms.watcher, ...senders, this.retained.publisher];
  }

  /** Subscribers first, so that everybody is there for everything. */
  async connect(): Promise<void> {
    for (const device of this.devices) {
      device.connect();
      if (!(await this.settled(() => device.isReady))) throw new Error(`Cannot connect ${device.options.clientId}`);
    }
  }

  async run(seconds: number): Promise<void> {
    const endAt = performance.now() + seconds * 1_000;
    let before = performance.now();
    for (let now = before; now < endAt; now = performance.now()) {
      const passed = (now - before) / 1_000;
      before = now;
      for (const stream of Object.values(this.streams).flat()) stream.tick(passed);
      this.habits.tick(passed);
      this.storms.tick(passed);
      this.retained.tick(passed);
      await wait(tickMs);
    }
  }

  /** Nothing more is sent; everybody reads what is owed to them. False when something does not come. */
  async finish(): Promise<boolean> {
    this.habits.rest();
    return this.settled(() => this.#isSettled());
  }

  /** Waits for the condition. False when nothing is received any more. */
  async settled(condition: () => boolean): Promise<boolean> {
    let before = -1;
    let movedAt = performance.now();
    for (; !condition(); await wait(tickMs)) {
      const now = this.#progress();
      if (now !== before) movedAt = performance.now();
      else if (performance.now() - movedAt > stuckMs) return false;
      before = now;
    }
    return true;
  }

  close(): void {
    for (const device of this.devices) device.cut();
  }

  #isSettled(): boolean {
    return (
      this.storms.isOver &&
      this.devices.every(({ isReady, unacknowledged }) => isReady && unacknowledged === 0) &&
      [...this.#readings()].every((reading) => reading.ledger.qos === 0 || reading.lost === 0)
    );
  }

  *#readings() {
    for (const { readings } of Object.values(this.readers).flat()) yield* readings.values();
    yield this.storms.reading;
  }

  #progress(): number {
    let progress = 0;
    for (const { received, repeated } of this.#readings()) progress += received + repeated;
    return progress + this.devices.filter(({ isReady }) => isReady).length;
  }

  #steady(index: number): Stream {
    const way = (['tcp', 'tcp', 'tls', 'ws'] as const)[index % 4];
    const qos = (index % 3) as 0 | 1 | 2;
    return this.#stream(`steady-${index}`, way, { perSecond: 50, bytes: 256, topic: `soak/steady/${index}`, qos });
  }

  #stream(name: string, way: Way, plan: Stream['plan']): Stream {
    return new Stream(this.#places, name, way, plan.topic.length % 2 === 0 ? 5 : 4, plan);
  }

  #reader(kind: 'steady' | 'large', way: Way, habit: Habit): Reader {
    const name = `${kind}-reader-${++this.#named}`;
    return new Reader(this.#places, [name], [way], `soak/${kind}/#`, habit, this.streams[kind]);
  }

  #group(): Reader {
    const names = Array.from({ length: 4 }, (_, index) => `shared-reader-${index}`);
    const filter = '$share/soak/soak/shared';
    return new Reader(this.#places, names, ['tcp', 'tls', 'tcp', 'ws'], filter, 'comes and goes', this.streams.shared);
  }

  #named = 0;
}
