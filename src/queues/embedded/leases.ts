import { SluiceError } from '../../errors.ts';
import type { Settlement } from '../../message.ts';
import type { LeasedMessage, LeaseRequest, SettleResult } from '../engine.ts';
import type { Entry } from './entry.ts';
import type { LeasingHome } from './leasing-home.ts';
import { LeaseWait, PullConsumer } from './pull-consumer.ts';

/** Requests of one queue that may wait for messages at a time. */
export const leaseWaitsMax = 10_000;

/** Beside more pull consumers of one queue nobody who is idle is kept: their ids may be of one request each. */
export const idleAmongMax = 1_000;

/** The leases of one queue that are settled by token, and those who ask for them. */
export class Leases {
  readonly #home: LeasingHome;
  readonly #byToken = new Map<string, Entry>();
  /** Those that hold or wait for something, or did so a moment ago. */
  readonly #consumers = new Map<string, PullConsumer>();
  #waits = 0;

  constructor(home: LeasingHome) {
    this.#home = home;
  }

  get consumers(): Iterable<PullConsumer> {
    return this.#consumers.values();
  }

  get consumerCount(): number {
    return this.#consumers.size;
  }

  /** Resolves with what is there, or with what comes first within `waitMs`, or with nothing. */
  lease(request: LeaseRequest): Promise<readonly LeasedMessage[]> {
    if (this.#waits >= leaseWaitsMax) {
      const message = `Cannot lease from queue "${this.#home.source.name}": ${leaseWaitsMax} requests are waiting already`;
      return Promise.reject(new SluiceError('quota_exceeded', message));
    }
    return new Promise((resolve, reject) => {
      const { context, options } = this.#home.source;
      const leaseMs = request.leaseMs ?? options.leaseMs;
      const wait = new LeaseWait(request, leaseMs, resolve, reject);
      const consumer = this.#consumer(request.consumerId);
      this.#waits++;
      consumer.ask(wait);
      this.#home.pump();
      if (wait.collected.length > 0) return;
      if (request.waitMs <= 0) consumer.finish(wait);
      else wait.timer = context.clock.after(request.waitMs, () => consumer.finish(wait));
    });
  }

  settle(tokens: readonly string[], settlement: Settlement): SettleResult[] {
    return tokens.map((token) => answer(token, this.#byToken.get(token)?.settle(settlement) ?? false));
  }

  extend(tokens: readonly string[], leaseMs: number | undefined): SettleResult[] {
    const now = this.#home.source.context.clock.now();
    return tokens.map((token) => {
      const entry = this.#byToken.get(token);
      if (entry?.slot?.mayExtend(now) === false) return { token, ok: false, code: 'rate_limited' };
      return answer(token, entry?.extend(leaseMs) ?? false);
    });
  }

  leave(consumerId: string): void {
    this.#consumers.get(consumerId)?.leave();
  }

  optionsChanged(): void {
    for (const consumer of this.#consumers.values()) consumer.limit();
  }

  /** What is held is nobody's any more. */
  forget(): void {
    this.#byToken.clear();
  }

  /** Ends every request that waits: with the reason, or with no messages. */
  end(reason: SluiceError | undefined): void {
    for (const consumer of [...this.#consumers.values()]) consumer.end(reason);
  }

  #consumer(id: string): PullConsumer {
    const known = this.#consumers.get(id);
    if (known !== undefined) return known;
    const consumer: PullConsumer = new PullConsumer(id, this.#home, this.#byToken, {
      waitEnded: () => {
        this.#waits--;
      },
      mayStay: () => this.#consumers.size <= idleAmongMax,
      left: () => {
        if (this.#consumers.get(id) !== consumer) return;
        this.#consumers.delete(id);
        this.#tell('consumer-left', id);
      },
    });
    this.#consumers.set(id, consumer);
    this.#tell('consumer-joined', id);
    return consumer;
  }

  #tell(kind: 'consumer-joined' | 'consumer-left', consumer: string): void {
    const { context, name } = this.#home.source;
    context.events.tell(name, kind, { consumer, kind: 'pull' });
  }
}

function answer(token: string, ok: boolean): SettleResult {
  return ok ? { token, ok } : { token, ok, code: 'lease_lost' };
}
