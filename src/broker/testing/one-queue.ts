import { SluiceError } from '../../errors.ts';
import type {
  Consumer,
  ConsumerSource,
  Consumption,
  Death,
  Delivery,
  Settlement,
  SourceRequest,
} from '../../message.ts';

/** One queue, `jobs`, fed by `work/#`, whose deliveries a test makes. */
export class OneQueue implements ConsumerSource {
  consumer: Consumer | undefined;
  credit = 0;
  creditBytes: number | undefined;
  /** Of the last that came to consume. */
  request: SourceRequest | undefined;
  /** How long a lease was extended, of each time. */
  readonly extensionsMs: (number | undefined)[] = [];
  stopped = false;
  readonly settlements: Settlement[] = [];
  creditChanges = 0;
  /** Called when somebody begins to consume. */
  onConsumed: () => void = () => undefined;
  #sequence = 0;
  #leaseRound = 0;
  readonly #prefix: string;
  readonly #listeners: (() => void)[] = [];
  #filters: readonly string[] = ['work/#'];
  #refusal: SluiceError | undefined;

  constructor(prefix = '$queue/') {
    this.#prefix = prefix;
  }

  claims(filter: string): boolean {
    return filter.startsWith(this.#prefix);
  }

  async resolve(filter: string): Promise<{ queue: string; filters: readonly string[] }> {
    if (filter === '$queue/none')
      throw new SluiceError('queue_not_found', `Queue "${filter}" does not exist`, {
        detail: { queue: 'none' },
      });
    if (this.#refusal !== undefined) throw this.#refusal;
    return { queue: 'jobs', filters: this.#filters };
  }

  /** From now on nobody may consume it. */
  refuse(problem: SluiceError): void {
    this.#refusal = problem;
  }

  onFeedingChanged(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** From now on these filters feed the queue. */
  feedBy(...filters: readonly string[]): void {
    this.#filters = filters;
    for (const listener of this.#listeners) listener();
  }

  async consume(_filter: string, consumer: Consumer, request: SourceRequest): Promise<Consumption> {
    this.consumer = consumer;
    this.request = request;
    this.credit = request.credit;
    this.creditBytes = request.creditBytes;
    this.stopped = false;
    const stop = (): void => {
      this.stopped = true;
    };
    const setCredit = (changed: number, creditBytes?: number): void => {
      this.credit = changed;
      this.creditBytes = creditBytes;
      this.creditChanges++;
    };
    this.onConsumed();
    return { setCredit, stop };
  }

  /** Every lease ends, as when its time is over. */
  loseLeases(): void {
    this.#leaseRound++;
  }

  /** As a message comes that has just arrived: its bytes are gone when the call is over. */
  deliver(text: string, death?: Death): void {
    const payload = Buffer.from(text);
    const correlationData = Buffer.from('which');
    const round = this.#leaseRound;
    let open = true;
    const delivery: Delivery = {
      message: {
        topic: 'work/a',
        payload,
        qos: 1,
        retain: false,
        properties: { correlationData, userProperties: [['own', 'yes']] },
        receivedAt: 0,
        publisher: 'p',
      },
      queue: 'jobs',
      sequence: ++this.#sequence,
      attempt: 1,
      enqueuedAt: 42,
      death,
      held: true,
      settle: (settlement) => {
        if (open) this.settlements.push(settlement);
        const was = open;
        open = false;
        return was;
      },
      extend: (leaseMs) => {
        if (open) this.extensionsMs.push(leaseMs);
        return open;
      },
    };
    Object.defineProperty(delivery, 'held', { get: () => open && round === this.#leaseRound });
    this.consumer?.deliver(delivery);
    payload.fill(0xee);
    correlationData.fill(0xee);
  }
}
