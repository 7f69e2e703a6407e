import type { SluiceError } from '../../../errors.ts';
import type { EngineContext } from '../context.ts';
import type { DeliveryLoop } from '../delivery-loop.ts';
import type { Entry } from '../entry.ts';
import type { Slot } from '../slot.ts';
import type { Wake } from '../wake.ts';
import type { Retries, Retry } from './retries.ts';

interface RestartParts {
  readonly context: Pick<EngineContext, 'wakes' | 'returnedAtOnce' | 'clock'>;
  readonly delivery: Pick<DeliveryLoop, 'slots'>;
  /** Its holder has lost it. */
  readonly lose: (entry: Entry) => void;
  /** What the group has to come back to at its time, which it will not. */
  readonly retries: Pick<Retries, 'allWaiting' | 'forget'>;
  /** Nothing is held any more, and nothing waits. */
  readonly startAt: (position: number) => void;
}

/**
 * A group on its way to another place. Who holds a message of before loses it, and then what waits for another try is forgotten: a few
 * in the turn in which that is asked for, of many the others one at each wake, so that the heap of what is due spreads them over turns.
 * Until its turn comes a message is held as before, and nothing is delivered. The place changes when the last is done with, in one commit.
 */
export class Restart implements Wake {
  readonly #parts: RestartParts;
  #holders: Slot<Entry>[] = [];
  /** Those that waited when nothing was held any more. */
  #waiting: Retry[] | undefined;
  #position = 0;
  #done: PromiseWithResolvers<void> | undefined;
  deadline = 0;
  heapIndex = -1;

  constructor(parts: RestartParts) {
    this.#parts = parts;
  }

  get isUnderWay(): boolean {
    return this.#done !== undefined;
  }

  /** Of two that are asked for at a time the later one says the place. */
  begin(position: number): Promise<void> {
    const { context, delivery } = this.#parts;
    this.#done ??= Promise.withResolvers();
    const { promise } = this.#done;
    this.#position = position;
    this.#holders = [...delivery.slots()];
    this.#waiting = undefined;
    this.#goOn(() => context.returnedAtOnce.take());
    return promise;
  }

  wake(): void {
    let isFirst = true;
    this.#goOn(() => {
      const mayLose = isFirst;
      isFirst = false;
      return mayLose;
    });
  }

  /** The group ends, and what is held is its business. */
  stop(reason: SluiceError): void {
    this.#parts.context.wakes.remove(this);
    this.#holders = [];
    this.#waiting = undefined;
    this.#done?.reject(reason);
    this.#done = undefined;
  }

  #goOn(mayLose: () => boolean): void {
    const { context, startAt } = this.#parts;
    for (let step = this.#next(); step !== undefined; step = this.#next()) {
      if (!mayLose()) {
        if (this.heapIndex < 0) context.wakes.set(this, context.clock.now());
        return;
      }
      step();
    }
    context.wakes.remove(this);
    const done = this.#done;
    this.#done = undefined;
    this.#waiting = undefined;
    startAt(this.#position);
    done?.resolve();
  }

  /** What is to be done next; undefined where all is done. */
  #next(): (() => void) | undefined {
    const { lose, retries } = this.#parts;
    const entry = this.#nextHeld();
    if (entry !== undefined) return () => lose(entry);
    this.#waiting ??= retries.allWaiting;
    const retry = this.#waiting.at(-1);
    if (retry === undefined) return undefined;
    const all = this.#waiting;
    return () => {
      all.pop();
      retries.forget(retry);
    };
  }

  /** Nobody gets anything meanwhile, so who holds nothing never will. */
  #nextHeld(): Entry | undefined {
    for (let slot = this.#holders.at(-1); slot !== undefined; slot = this.#holders.at(-1)) {
      if (slot.any !== undefined) return slot.any;
      this.#holders.pop();
    }
    return undefined;
  }
}
