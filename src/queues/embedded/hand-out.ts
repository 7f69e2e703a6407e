import type { Clock } from '../../std/clock.ts';

/** What is in the hands of consumers, of all queues together, and whether they get more. */
export class HandOut {
  /** Nothing is handed out any more. */
  isOver = false;
  #held = 0;
  #onNothingHeld: (() => void) | undefined;

  took(): void {
    this.#held++;
  }

  ended(count = 1): void {
    this.#held -= count;
    if (this.#held === 0 && count > 0) this.#onNothingHeld?.();
  }

  /** Hands nothing out from now on, and waits up to `waitMs` until nothing is held. Answers how many messages still are. */
  async end(waitMs: number, clock: Clock): Promise<number> {
    this.isOver = true;
    if (this.#held > 0 && waitMs > 0) {
      await new Promise<void>((resolve) => {
        const timer = clock.after(waitMs, resolve);
        this.#onNothingHeld = () => {
          timer.cancel();
          resolve();
        };
      });
    }
    return this.#held;
  }
}
