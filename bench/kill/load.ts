import { setTimeout as wait } from 'node:timers/promises';
import { Account } from './account.ts';
import { Consumer } from './consumer.ts';
import { Publisher } from './publisher.ts';

export interface LoadOptions {
  readonly publishers: number;
  readonly consumers: number;
  /** Bytes of a payload. */
  readonly size: number;
  /** In all; without end where it is left out. */
  readonly messages?: number;
}

/** Without progress for so long a run is stuck. */
const stuckSeconds = 30;

/** Publishers and consumers of the durable queue `bench`, which outlive the servers that they speak to. */
export class Load {
  readonly account: Account;
  readonly #clients: readonly (Publisher | Consumer)[];

  constructor({ publishers, consumers, size, messages }: LoadOptions) {
    const account = new Account(messages);
    this.account = account;
    this.#clients = [
      ...Array.from({ length: consumers }, (_, index) => new Consumer(account, index)),
      ...Array.from({ length: publishers }, (_, index) => new Publisher(account, index, size)),
    ];
  }

  connect(port: number): void {
    for (const client of this.#clients) client.connect(port);
  }

  /**
   * To be called when the server is gone: what it sent before is read first and belongs to its life, then the next one
   * begins.
   */
  async lifeEnded(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.disconnected()));
    this.account.life++;
  }

  close(): void {
    for (const client of this.#clients) client.close();
  }

  /** Acknowledgements and receptions so far. */
  get progress(): number {
    return this.account.acknowledged + this.account.received;
  }

  /** Waits for the condition. False where nothing moves any more. */
  async reached(condition: () => boolean): Promise<boolean> {
    let before = -1;
    let movedAt = performance.now();
    for (; !condition(); await wait(2)) {
      const now = this.progress;
      if (now !== before) movedAt = performance.now();
      else if (performance.now() - movedAt > stuckSeconds * 1000) return false;
      before = now;
    }
    return true;
  }
}
