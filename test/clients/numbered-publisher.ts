import { Client } from '../../bench/client.ts';

/** Publishes payloads that begin with their number at QoS 1, and knows what the server said of each. */
export class NumberedPublisher {
  /** Numbers that were acknowledged. */
  readonly acknowledged: number[] = [];
  /** Reason codes of refusals, by number. */
  readonly refused = new Map<number, number>();
  readonly connected: Promise<void>;
  readonly closed: Promise<void>;
  readonly #client: Client;
  readonly #waiting = new Map<number, { readonly number: number; readonly told: () => void }>();
  #next = 0;

  constructor(port: number) {
    const ready = Promise.withResolvers<void>();
    this.connected = ready.promise;
    this.#client = new Client(port, `numbered-${port}`, {
      connected: () => ready.resolve(),
      acknowledged: (packetId, reasonCode) => this.#told(packetId, reasonCode),
      received: () => undefined,
      closed: () => this.#ended(),
    });
    this.closed = this.#client.closed;
  }

  /** Publishes the next `count` numbers at once. Resolves when each was answered, or the connection is gone. */
  async publish(topic: string, count: number, bytes: number): Promise<void> {
    const answers: Promise<void>[] = [];
    for (let index = 0; index < count; index++) {
      const number = this.#next++;
      const payload = Buffer.alloc(bytes, 'x');
      payload.writeUInt32BE(number);
      const packetId = (number % 65_535) + 1;
      answers.push(new Promise((told) => this.#waiting.set(packetId, { number, told })));
      this.#client.publish(topic, payload, packetId);
    }
    await Promise.all(answers);
  }

  close(): void {
    this.#client.close();
  }

  #told(packetId: number, reasonCode: number): void {
    const waiting = this.#waiting.get(packetId);
    if (waiting === undefined) throw new Error(`Expected PUBACK of a publish, met one of packet id ${packetId}`);
    this.#waiting.delete(packetId);
    if (reasonCode < 0x80) this.acknowledged.push(waiting.number);
    else this.refused.set(waiting.number, reasonCode);
    waiting.told();
  }

  #ended(): void {
    for (const { told } of this.#waiting.values()) told();
    this.#waiting.clear();
  }
}

/** Drains a queue over MQTT: the numbers that came, once there were `count` different ones. */
export async function drain(port: number, queue: string, count: number): Promise<Set<number>> {
  const numbers = new Set<number>();
  const done = Promise.withResolvers<void>();
  const client = new Client(port, `drain-${port}`, {
    connected: () => client.subscribe(`$queue/${queue}`),
    acknowledged: () => undefined,
    received: (packetId, payload) => {
      numbers.add(payload.readUInt32BE());
      client.acknowledge(packetId);
      if (numbers.size === count) done.resolve();
    },
    closed: () => done.resolve(),
  });
  if (count > 0) await done.promise;
  // Behind what it acknowledged: the server has read all of it when it answers this.
  client.close();
  return numbers;
}
