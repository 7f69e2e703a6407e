import type { SluiceError } from '../../../errors.ts';
import type { EngineContext, Wake } from '../context.ts';
import type { DeliveryLoop } from '../delivery-loop.ts';
import type { Entry } from '../entry.ts';
import type { Slot } from '../slot.ts';

interface RestartParts {
  readonly context: Pick<EngineContext, 'wakes' | 'returnedAtOnce' | 'clock'>;
  readonly delivery: Pick<DeliveryLoop, 'slots'>;
  /** Its holder has lost it. */
  readonly lose: (entry: Entry) => void;
  /** Nothing is held any more. */
  readonly startAt: (position: number) => void;
}

/**
 * A group on its way to another place. Who holds a message of before loses it: a few in the turn in which that is asked for, of many the
 * others one at each wake, so that the heap of what is due spreads them over turns. Until its turn comes a message is held as before, and
 * nothing is delivered. The place changes when the last is lost, in one commit.
 */
export class Restart implements Wake {
  readonly #parts: RestartParts;
  #holders: Slot<Entry>[] = [];
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
    this.#done?.reject(reason);
    this.#done = undefined;
  }

  #goOn(mayLose: () => boolean): void {
    const { context, lose, startAt } = this.#parts;
    for (let entry = this.#next(); entry !== undefined; entry = this.#next()) {
      if (!mayLose()) {
        if (this.heapIndex < 0) context.wakes.set(this, context.clock.now());
        return;
      }
      lose(entry);
    }
    context.wakes.remove(this);
    const done = this.#done;
    this.#done = undefined;
    startAt(this.#position);
    done?.resolve();
  }

  /** Nobody gets anything meanwhile, so who holds nothing never will. */
  #next(): Entry | undefined {
    for (let slot = this.#holders.at(-1); slot !== undefined; slot = this.#holders.at(-1)) {
      if (slot.any !== undefined) return slot.any;
      this.#holders.pop();
    }
    return undefined;
  }
}
