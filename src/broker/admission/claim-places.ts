import { AddressCounts } from './address-counts.ts';

/** How many connections claim at once: nobody knows who they are, so one address has a quarter of the places at most. */
export class ClaimPlaces {
  readonly #max: number;
  readonly #byAddress: AddressCounts;
  #taken = 0;

  /** 0: there are none, and whoever would claim is asked for credentials like everybody. */
  constructor(max: number) {
    this.#max = max;
    this.#byAddress = new AddressCounts(Math.ceil(max / 4));
  }

  get exist(): boolean {
    return this.#max > 0;
  }

  get taken(): number {
    return this.#taken;
  }

  /** Whether there is a place, which is taken then until it is left. */
  enter(remoteAddress: string): boolean {
    if (this.#taken >= this.#max || !this.#byAddress.enter(remoteAddress)) return false;
    this.#taken++;
    return true;
  }

  leave(remoteAddress: string): void {
    this.#taken--;
    this.#byAddress.leave(remoteAddress);
  }
}
