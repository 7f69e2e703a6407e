import { SluiceError } from '../errors.ts';
import { networkOf } from './network.ts';

export interface TurnLimits {
  /** Pieces of work that run at once. */
  readonly concurrentMax: number;
  /** Pieces of work that run or wait; one more is refused with `quota_exceeded`. */
  readonly outstandingMax: number;
  /** The same for one address (of IPv6, one /64): whoever floods from one place locks out that place alone. */
  readonly perAddressMax: number;
}

interface AddressBlock {
  outstanding: number;
  readonly waiting: (() => void)[];
}

/** Shares something scarce among those who log in: so many at once, and of those who wait the addresses take turns. */
export class Turns {
  readonly #name: string;
  readonly #limits: TurnLimits;
  /** Those with work outstanding; who waits and was served longest ago stands first. */
  readonly #blocks = new Map<string, AddressBlock>();
  #outstanding = 0;
  #running = 0;

  /** `name` begins the names of the limits in what a refused one is told: `verifications` is `verificationsMax`. */
  constructor(name: string, limits: TurnLimits) {
    this.#name = name;
    this.#limits = limits;
  }

  get outstanding(): number {
    return this.#outstanding;
  }

  /** Does the work when its turn comes. Rejects with `quota_exceeded` where too much waits already. */
  async take<T>(address: string, work: () => Promise<T>): Promise<T> {
    const key = networkOf(address);
    const block = this.#admit(key);
    try {
      await this.#turn(block);
      return await work();
    } finally {
      this.#leave(key, block);
    }
  }

  #admit(key: string): AddressBlock {
    const { outstandingMax, perAddressMax } = this.#limits;
    if (this.#outstanding >= outstandingMax) throw this.#refusal(`${this.#name}Max`, outstandingMax, 'the server');
    const block = this.#blocks.get(key) ?? { outstanding: 0, waiting: [] };
    if (block.outstanding >= perAddressMax)
      throw this.#refusal(`${this.#name}PerAddressMax`, perAddressMax, 'this address');
    this.#blocks.set(key, block);
    block.outstanding++;
    this.#outstanding++;
    return block;
  }

  async #turn(block: AddressBlock): Promise<void> {
    if (this.#running < this.#limits.concurrentMax) this.#running++;
    else await new Promise<void>((resolve) => block.waiting.push(resolve));
  }

  #leave(key: string, block: AddressBlock): void {
    this.#outstanding--;
    block.outstanding--;
    if (block.outstanding === 0) this.#blocks.delete(key);
    // The next one takes over this place, so that nobody slips in between.
    const next = this.#next();
    if (next === undefined) this.#running--;
    else next();
  }

  #next(): (() => void) | undefined {
    for (const [key, block] of this.#blocks) {
      const next = block.waiting.shift();
      if (next === undefined) continue;
      this.#blocks.delete(key);
      this.#blocks.set(key, block);
      return next;
    }
    return undefined;
  }

  #refusal(limit: string, max: number, where: string): SluiceError {
    return new SluiceError('quota_exceeded', `Wait a moment: ${max} logins of ${where} are being checked already`, {
      detail: { limit },
    });
  }
}
