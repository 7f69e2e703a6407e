import type { Random } from '../../src/std/testing/random.ts';
import { Device } from '../sessions/device.ts';
import type { Places } from './places.ts';

const topics = 500;
const prefix = 'soak/retained/';

/** Retained messages that change and go all the time. In the end a new subscriber must see the last of each topic. */
export class RetainedChurn {
  readonly publisher: Device;
  readonly #places: Places;
  readonly #random: Random;
  readonly #perSecond: number;
  readonly #last = new Map<string, string>();
  changes = 0;
  #due = 0;

  constructor(places: Places, random: Random, perSecond: number) {
    this.#places = places;
    this.#random = random;
    this.#perSecond = perSecond;
    this.publisher = new Device({ clientId: 'retained-publisher', version: 5, open: () => places.open('tcp') });
  }

  tick(seconds: number): void {
    this.#due = Math.min(this.#due + seconds * this.#perSecond, 1 + this.#perSecond);
    for (; this.#due >= 1 && this.publisher.hasRoom; this.#due--) this.#change();
  }

  #change(): void {
    const topic = `${prefix}${this.#random.below(topics)}`;
    const payload = this.#random.chance(20) ? '' : `${++this.changes} ${'x'.repeat(this.#random.below(200))}`;
    // In the order of publishing, which is the order in which they count.
    if (payload === '') this.#last.delete(topic);
    else this.#last.set(topic, payload);
    this.publisher.publish(topic, Buffer.from(payload), 1, true, () => undefined);
  }

  /** Topics whose retained message is not the last that was published, among those that should have one or do. */
  async wrong(settled: (condition: () => boolean) => Promise<boolean>): Promise<number> {
    const found = new Map<string, string>();
    const reader = new Device({
      clientId: 'retained-reader',
      version: 5,
      open: () => this.#places.open('tcp'),
      filters: [{ filter: `${prefix}#`, qos: 1 }],
      received: (topic, payload) => void found.set(topic, payload.toString()),
    });
    reader.connect();
    await settled(() => found.size >= this.#last.size);
    reader.leave();
    const all = new Set([...found.keys(), ...this.#last.keys()]);
    return [...all].filter((topic) => found.get(topic) !== this.#last.get(topic)).length;
  }
}
