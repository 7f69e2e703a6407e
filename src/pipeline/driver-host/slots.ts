import type { WorkItem } from './batch.ts';
import { Slot, type SlotOptions } from './slot.ts';

export interface SlotsOptions extends Omit<SlotOptions, 'name'> {
  /** What one of them is called, without its number. */
  readonly name: string;
  /** Whether a runner starts with the first message that it gets, and not before. */
  readonly isLazy: boolean;
}

/** The threads, or the processes, that run drivers: as many as are wanted now. */
export class Slots {
  readonly #options: SlotsOptions;
  /** Those that get messages. */
  #slots: readonly Slot[] = [];
  /** Those that finish what they have. */
  readonly #retiring = new Map<Slot, Promise<void>>();
  #named = 0;
  #wanted = 0;
  #resizing: Promise<void> = Promise.resolve();

  constructor(options: SlotsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#slots.length;
  }

  /**
   * Resolves when so many take messages. A new one gets none before its runner is ready; one too many takes none from now on,
   * finishes what it has, and ends. Rejects where a runner does not start.
   */
  resize(count: number): Promise<void> {
    this.#wanted = count;
    const resize = (): Promise<void> => this.#resize();
    this.#resizing = this.#resizing.then(resize, resize);
    return this.#resizing;
  }

  /** False where there is none. The messages of one key keep to one slot while the count stays. */
  push(item: WorkItem, key: string): boolean {
    if (this.#slots.length === 0) return false;
    this.#slots[hash(key) % this.#slots.length].push(item);
    return true;
  }

  pump(): void {
    for (const slot of this.#slots) slot.pump();
  }

  async stop(): Promise<void> {
    this.#wanted = 0;
    await Promise.allSettled([this.#resizing]);
    const slots = [...this.#slots, ...this.#retiring.keys()];
    this.#slots = [];
    await Promise.all(slots.map((slot) => slot.stop()));
    await Promise.all(this.#retiring.values());
  }

  async #resize(): Promise<void> {
    const missing = this.#wanted - this.#slots.length;
    if (missing < 0) {
      const over = this.#slots.slice(this.#wanted);
      this.#slots = this.#slots.slice(0, this.#wanted);
      for (const slot of over) this.#retire(slot);
    } else if (missing > 0) {
      const added = Array.from({ length: missing }, () => this.#make());
      if (!this.#options.isLazy) await startAll(added);
      this.#slots = [...this.#slots, ...added];
    }
  }

  #make(): Slot {
    return new Slot({ ...this.#options, name: `${this.#options.name} ${++this.#named}` });
  }

  #retire(slot: Slot): void {
    const gone = slot.retire().then(() => void this.#retiring.delete(slot));
    this.#retiring.set(slot, gone);
  }
}

/** All, or none. */
async function startAll(slots: readonly Slot[]): Promise<void> {
  try {
    await Promise.all(slots.map((slot) => slot.start()));
  } catch (problem) {
    await Promise.all(slots.map((slot) => slot.stop()));
    throw problem;
  }
}

/** FNV-1a. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  return value >>> 0;
}
