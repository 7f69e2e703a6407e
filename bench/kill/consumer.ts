import { Client } from '../client.ts';
import type { Account } from './account.ts';

/** Takes messages of the queue `bench`, notes them and acknowledges each. */
export class Consumer {
  readonly #account: Account;
  readonly #name: string;
  #client: Client | undefined;

  constructor(account: Account, index: number) {
    this.#account = account;
    this.#name = `kill-consumer-${index}`;
  }

  connect(port: number): void {
    const client = new Client(port, this.#name, {
      connected: () => client.subscribe('$queue/bench'),
      acknowledged: () => undefined,
      received: (packetId, payload) => {
        this.#account.receive(payload.readUInt32BE());
        client.acknowledge(packetId);
      },
      closed: () => undefined,
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
}
