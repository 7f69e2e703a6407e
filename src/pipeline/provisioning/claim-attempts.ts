import { networkOf } from '../../access/network.ts';
import { SluiceError } from '../../errors.ts';
import type { Clock } from '../../std/clock.ts';
import { RateBucket } from '../../std/rate-bucket.ts';
import { RecentMap } from '../../std/recent-map.ts';

/** Bounds of what anybody may try: claims that are refused, in a second. Those that succeed are bounded by the uses of their key. */
export const claimLimits = {
  /** From one IPv4 address, or one IPv6 network of 64 bits. */
  claimsRefusedPerAddressMax: 5,
  claimsRefusedMax: 100,
  /** Addresses that are remembered; the one that was refused longest ago makes room. */
  addressesMax: 10_000,
};

export type ClaimLimit = 'claimsRefusedPerAddressMax' | 'claimsRefusedMax';

/** Claims that were refused, which count against whoever made them and against all. */
export class ClaimAttempts {
  readonly #clock: Clock;
  readonly #all: RateBucket;
  readonly #byNetwork = new RecentMap<string, RateBucket>(claimLimits.addressesMax);
  /** Claims that were not looked at any more, by the limit. */
  readonly limited: Record<ClaimLimit, number> = { claimsRefusedPerAddressMax: 0, claimsRefusedMax: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#all = new RateBucket(claimLimits.claimsRefusedMax, clock.now());
  }

  /** Throws `rate_limited` where too many were refused. */
  check(remoteAddress: string): void {
    const now = this.#clock.now();
    const own = this.#byNetwork.get(networkOf(remoteAddress));
    if (own?.has(now) === false) throw this.#tooMany('claimsRefusedPerAddressMax', own.waitMs(now));
    if (!this.#all.has(now)) throw this.#tooMany('claimsRefusedMax', this.#all.waitMs(now));
  }

  refused(remoteAddress: string): void {
    const now = this.#clock.now();
    const network = networkOf(remoteAddress);
    const own = this.#byNetwork.get(network) ?? new RateBucket(claimLimits.claimsRefusedPerAddressMax, now);
    this.#byNetwork.set(network, own);
    // Those that came at the same time passed together, and are paid for afterwards.
    own.charge(1, now);
    this.#all.charge(1, now);
  }

  #tooMany(limit: ClaimLimit, waitMs: number): SluiceError {
    this.limited[limit]++;
    return new SluiceError(
      'rate_limited',
      `Claim again later: more than ${claimLimits[limit]} claims a second were refused (${limit})`,
      { detail: { limit, retryAfterSeconds: waitMs / 1000 } },
    );
  }
}
