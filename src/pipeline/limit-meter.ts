import type { Rate } from '../devices/device-type.ts';
import { RateBucket } from '../std/rate-bucket.ts';

/** A limit that has nothing left, and when it will have. */
export interface Exhausted {
  /** Its name within `rates.device` or `rates.type`. */
  readonly limit: keyof Rate;
  readonly perSecond: number;
  readonly waitMs: number;
}

/** What a device, or all of a type, may still send. */
export class LimitMeter {
  readonly #rate: Rate;
  readonly #messages: RateBucket | undefined;
  readonly #bytes: RateBucket | undefined;

  private constructor(rate: Rate, now: number) {
    this.#rate = rate;
    this.#messages = bucket(rate.messagesPerSecond, now);
    this.#bytes = bucket(rate.bytesPerSecond, now);
  }

  /** Undefined where nothing is limited. */
  static of(rate: Rate, now: number): LimitMeter | undefined {
    const { messagesPerSecond, bytesPerSecond } = rate;
    return messagesPerSecond === undefined && bytesPerSecond === undefined ? undefined : new LimitMeter(rate, now);
  }

  /** The limit that stands in the way of one message more. */
  exhausted(now: number): Exhausted | undefined {
    return (
      found('messagesPerSecond', this.#rate.messagesPerSecond, this.#messages, now) ??
      found('bytesPerSecond', this.#rate.bytesPerSecond, this.#bytes, now)
    );
  }

  /** Counts a message. One that is larger than what is left leaves a debt, since nobody can send half of it. */
  charge(bytes: number, now: number): void {
    this.#messages?.charge(1, now);
    this.#bytes?.charge(bytes, now);
  }
}

function bucket(perSecond: number | undefined, now: number): RateBucket | undefined {
  return perSecond === undefined ? undefined : new RateBucket(perSecond, now);
}

function found(
  limit: Exhausted['limit'],
  perSecond: number | undefined,
  of: RateBucket | undefined,
  now: number,
): Exhausted | undefined {
  const waitMs = of?.waitMs(now) ?? 0;
  return waitMs === 0 ? undefined : { limit, perSecond: perSecond as number, waitMs };
}
