import { networkOf } from '../../access/network.ts';

/** How many connections each address has. As large as there are connections, and not kept where there is no bound. */
export class AddressCounts {
  readonly #counts = new Map<string, number>();
  readonly #max: number;

  /** 0 sets no bound. */
  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#counts.size;
  }

  /** Whether one more from there is allowed, which is counted then until it leaves. */
  enter(remoteAddress: string): boolean {
    if (this.#max === 0) return true;
    const address = networkOf(remoteAddress);
    const count = this.#counts.get(address) ?? 0;
    if (count >= this.#max) return false;
    this.#counts.set(address, count + 1);
    return true;
  }

  leave(remoteAddress: string): void {
    if (this.#max === 0) return;
    const address = networkOf(remoteAddress);
    const count = this.#counts.get(address) ?? 0;
    if (count > 1) this.#counts.set(address, count - 1);
    else this.#counts.delete(address);
  }
}
