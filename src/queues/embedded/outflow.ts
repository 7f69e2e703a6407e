import { RateBucket } from '../../std/rate-bucket.ts';
import type { EngineContext } from './context.ts';
import type { Wake } from './wake.ts';

/** How many messages go out of a queue in a second. */
export class Outflow {
  readonly #context: EngineContext;
  readonly #wake: Wake;
  #perSecond = 0;
  #bucket: RateBucket | undefined;

  /** `pump`: the next one may go. */
  constructor(context: EngineContext, pump: () => void) {
    this.#context = context;
    this.#wake = { wake: pump, deadline: 0, heapIndex: -1 };
  }

  /** 0 for no limit. */
  limit(perSecond: number): void {
    if (perSecond === this.#perSecond) return;
    this.#perSecond = perSecond;
    this.#bucket = perSecond === 0 ? undefined : new RateBucket(perSecond, this.#context.clock.now());
  }

  /** Whether one may go now; else its time will come by itself. */
  isOpen(): boolean {
    if (this.#bucket === undefined) return true;
    const now = this.#context.clock.now();
    const waitMs = this.#bucket.waitMs(now);
    if (waitMs === 0) return true;
    this.#context.wakes.set(this.#wake, now + waitMs);
    return false;
  }

  took(): void {
    this.#bucket?.take(this.#context.clock.now());
  }

  stop(): void {
    this.#context.wakes.remove(this.#wake);
  }
}
