import type { SluiceError } from '../../errors.ts';
import { acknowledged, type Consumer, type Delivery, type Destination, type Message } from '../../message.ts';

/** For tests: keeps what it gets, and lets one wait for it. */
export class RecordingConsumer implements Consumer {
  readonly id: string;
  readonly deliveries: Delivery[] = [];
  endedWith: SluiceError | undefined;
  readonly #acknowledges: boolean;
  #waiting: { count: number; resolve: () => void }[] = [];

  constructor(id = 'consumer', options: { acknowledges?: boolean } = {}) {
    this.id = id;
    this.#acknowledges = options.acknowledges ?? false;
  }

  get payloads(): string[] {
    return this.deliveries.map(({ message }) => message.payload.toString());
  }

  deliver(delivery: Delivery): void {
    this.deliveries.push(delivery);
    if (this.#acknowledges) delivery.settle(acknowledged);
    const count = this.deliveries.length;
    for (const waiting of this.#waiting) if (waiting.count <= count) waiting.resolve();
    this.#waiting = this.#waiting.filter((waiting) => waiting.count > count);
  }

  ended(reason: SluiceError): void {
    this.endedWith = reason;
  }

  /** Resolves with the delivery of that number, from 1, when it has come. */
  async delivery(number: number): Promise<Delivery> {
    if (this.deliveries.length < number) {
      await new Promise<void>((resolve) => this.#waiting.push({ count: number, resolve }));
    }
    return this.deliveries[number - 1];
  }
}

/** A message for tests. */
export function messageOf(payload: string, more: Partial<Message> = {}): Message {
  return {
    topic: 'orders/new',
    payload: Buffer.from(payload),
    qos: 1,
    retain: false,
    properties: undefined,
    receivedAt: 1_700_000_000_000,
    publisher: 'tester',
    ...more,
  };
}

/** Resolves with the receipt; rejects with its failure, or where the destination did not take the message. */
export function publish(destination: Destination | undefined, message: Message): Promise<void> {
  return new Promise((resolve, reject) => {
    const waiter = {
      receipt: (_tag: number, failure: SluiceError | undefined) =>
        failure === undefined ? resolve() : reject(failure),
    };
    if (destination?.admit(message, waiter, 0) !== true) reject(new Error(`"${message.topic}" leads nowhere`));
  });
}

/** Lets what is under way come to its end: everything that needs no clock and no disk has happened afterwards. */
export async function turns(count = 4): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
}
