import type { QoS } from '../../src/message.ts';
import type { Random } from '../../src/std/testing/random.ts';
import { Device } from '../sessions/device.ts';
import { Ledger, Reading } from '../sessions/ledger.ts';
import type { Places, Way } from './places.ts';

/** What a device does beside its messages. */
export type Habit = 'stays' | 'comes and goes' | 'reads slowly' | 'takes over';

interface Plan {
  readonly perSecond: number;
  readonly bytes: number;
  readonly topic: string;
  readonly qos: QoS;
}

/** Numbered messages from one device, as many a second as planned, fewer where their acknowledgements do not come. */
export class Stream {
  readonly ledger: Ledger;
  readonly device: Device;
  readonly plan: Plan;
  readonly #payload: Buffer;
  #due = 0;

  constructor(places: Places, name: string, way: Way, version: 4 | 5, plan: Plan) {
    this.plan = plan;
    this.ledger = new Ledger(plan.qos);
    this.#payload = Buffer.alloc(plan.bytes, 'x');
    this.device = new Device({ clientId: name, version, open: () => places.open(way) });
  }

  tick(seconds: number): void {
    this.#due = Math.min(this.#due + seconds * this.plan.perSecond, 1 + this.plan.perSecond);
    for (; this.#due >= 1 && this.device.hasRoom; this.#due--) {
      const number = this.ledger.next();
      this.#payload.writeUInt32BE(number);
      const { topic, qos } = this.plan;
      this.device.publish(topic, this.#payload, qos, false, () => this.ledger.acknowledge(number));
    }
  }
}

/** A kept session that gets streams, or several that share them. */
export class Reader {
  readonly readings: ReadonlyMap<string, Reading>;
  readonly devices: readonly Device[];
  readonly habit: Habit;
  readonly isGroup: boolean;

  constructor(
    places: Places,
    names: readonly string[],
    ways: readonly Way[],
    filter: string,
    habit: Habit,
    streams: readonly Stream[],
  ) {
    this.habit = habit;
    this.isGroup = names.length > 1;
    this.readings = new Map(streams.map(({ plan, ledger }) => [plan.topic, new Reading(ledger)]));
    this.devices = names.map(
      (clientId, index) =>
        new Device({
          clientId,
          version: index % 2 === 0 ? 5 : 4,
          open: () => places.open(ways[index % ways.length]),
          receiveMaximum: habit === 'comes and goes' ? 100 : undefined,
          filters: [{ filter, qos: 2 }],
          received: (topic, payload) => this.readings.get(topic)?.receive(payload.readUInt32BE()),
        }),
    );
  }
}

/** Lets devices do what their habits say. */
export class Habits {
  readonly #random: Random;
  readonly #takingOver: Device[] = [];
  readonly #comingAndGoing: Device[] = [];
  readonly #readingSlowly: Device[] = [];
  readonly #paused = new Set<Device>();
  takeOvers = 0;
  returns = 0;
  pauses = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  add(devices: readonly Device[], habit: Habit): void {
    if (habit === 'takes over') this.#takingOver.push(...devices);
    if (habit === 'comes and goes') this.#comingAndGoing.push(...devices);
    if (habit === 'reads slowly') this.#readingSlowly.push(...devices);
  }

  tick(seconds: number): void {
    // Once in two seconds each, in the mean; away or paused for one.
    for (const device of this.#takingOver) if (device.isReady && this.#happens(seconds / 2)) this.#takeOver(device);
    for (const device of this.#comingAndGoing) this.#comeOrGo(device, seconds);
    for (const device of this.#readingSlowly) this.#pauseOrResume(device, seconds);
  }

  /** Everybody comes back and reads. */
  rest(): void {
    for (const device of this.#comingAndGoing) if (!device.isConnected) device.connect();
    for (const device of this.#paused) device.resume();
    this.#paused.clear();
  }

  #takeOver(device: Device): void {
    this.takeOvers++;
    device.connect();
  }

  #comeOrGo(device: Device, seconds: number): void {
    if (!device.isConnected) {
      if (!this.#happens(seconds)) return;
      this.returns++;
      device.connect();
    } else if (device.isReady && this.#happens(seconds / 2)) {
      if (this.#random.chance(50)) device.cut();
      else device.leave();
    }
  }

  #pauseOrResume(device: Device, seconds: number): void {
    if (this.#paused.has(device)) {
      if (!this.#happens(seconds)) return;
      this.#paused.delete(device);
      device.resume();
    } else if (device.isReady && this.#happens(seconds / 2)) {
      this.pauses++;
      this.#paused.add(device);
      device.pause();
    }
  }

  #happens(probability: number): boolean {
    return this.#random.fraction() < probability;
  }
}
