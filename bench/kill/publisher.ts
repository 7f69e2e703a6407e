import { Client } from '../client.ts';
import type { Account } from './account.ts';

/** Most publishes of one publisher that wait for their acknowledgement. */
const windowMax = 100;

/** Sends numbers of the account, each until it was acknowledged, over as many connections as that takes. */
export class Publisher {
  readonly #account: Account;
  readonly #name: string;
  readonly #topic: string;
  readonly #payload: Buffer;
  /** The message number by packet id; -1 where the id is free. Ids are 1 to `windowMax`. */
  readonly #waiting = new Int32Array(windowMax + 1).fill(-1);
  readonly #freeIds: number[] = [];
  #window = 0;
  #again: number[] = [];
  #client: Client | undefined;

  /** `payloadBytes` is at least 4. */
  constructor(account: Account, index: number, payloadBytes: number) {
    this.#account = account;
    this.#name = `kill-publisher-${index}`;
    this.#topic = `bench/${index}`;
    this.#payload = Buffer.alloc(payloadBytes, 'x');
  }

  connect(port: number): void {
    const client = new Client(port, this.#name, {
      connected: (receiveMaximum) => this.#start(Math.min(receiveMaximum, windowMax)),
      acknowledged: (packetId, reasonCode) => this.#settle(packetId, reasonCode),
      received: () => undefined,
      closed: () => this.#stop(),
    });
    this.#client = client;
  }

  /** Resolves when the connection is gone and all that came over it was seen. */
  async disconnected(): Promise<void> {
    await this.#client?.closed;
  }

  close(): void {
    this.#client?.close();
  }

  #start(window: number): void {
    this.#window = window;
    this.#freeIds.length = 0;
    for (let id = 1; id <= this.#window; id++) this.#freeIds.push(id);
    this.#pump();
  }

  /** Nobody knows whether the server stored what it had not acknowledged, so all of that is sent again. */
  #stop(): void {
    this.#window = 0;
    this.#freeIds.length = 0;
    for (let id = 1; id <= windowMax; id++) {
      const number = this.#waiting[id];
      if (number < 0) continue;
      this.#waiting[id] = -1;
      this.#account.republish(number);
      this.#again.push(number);
    }
  }

  #settle(packetId: number, reasonCode: number): void {
    const number = this.#waiting[packetId];
    this.#waiting[packetId] = -1;
    this.#freeIds.push(packetId);
    if (reasonCode < 0x80) {
      this.#account.acknowledge(number);
    } else {
      this.#account.refuse(number);
      this.#again.push(number);
    }
    this.#pump();
  }

  #pump(): void {
    while (this.#freeIds.length > 0) {
      const number = this.#again.pop() ?? this.#account.next();
      if (number === undefined) return;
      const packetId = this.#freeIds.pop() as number;
      this.#waiting[packetId] = number;
      this.#payload.writeUInt32BE(number);
      this.#client?.publish(this.#topic, this.#payload, packetId);
    }
  }
}
