import type { DriverChoice, DriverRef } from '../driver.ts';
import type { Work } from '../work.ts';
import { type CanaryCounts, failingDevicesMin, reasonToStop } from './canary-rule.ts';

/** Counts what canaries fail at, and says when one does worse than the driver that it is to replace. */
export class CanaryWatch {
  /** By driver: as many as there are canaries. */
  readonly #counts = new Map<string, Counting>();

  countsOf(ref: DriverRef): CanaryCounts | undefined {
    return this.#counts.get(nameOf(ref))?.counts;
  }

  forget(ref: DriverRef): void {
    this.#counts.delete(nameOf(ref));
  }

  /** Answers the canary that has to go, and why: once, however many of its messages are still under way. */
  add(
    work: Work,
    { active, canaries }: DriverChoice,
  ): { readonly canary: DriverRef; readonly reason: string } | undefined {
    const failed = work.verdict === undefined ? 0 : 1;
    for (const canary of canaries) {
      if (isSame(work.driver, canary)) return this.#addOwn(canary, work, failed);
      if (!isSame(work.driver, active)) continue;
      const { counts } = this.#of(canary);
      counts.othersMessages++;
      counts.othersFailed += failed;
    }
    return undefined;
  }

  #addOwn(canary: DriverRef, { address }: Work, failed: number): ReturnType<CanaryWatch['add']> {
    const counting = this.#of(canary);
    const { counts, failingDevices } = counting;
    counts.messages++;
    counts.failed += failed;
    if (failed > 0 && failingDevices.size < failingDevicesMin) failingDevices.add(address.deviceId);
    if (counting.isCondemned) return undefined;
    const reason = reasonToStop(counts, failingDevices.size);
    counting.isCondemned = reason !== undefined;
    return reason === undefined ? undefined : { canary, reason };
  }

  #of(ref: DriverRef): Counting {
    const name = nameOf(ref);
    const known = this.#counts.get(name);
    if (known !== undefined) return known;
    const counts = { messages: 0, failed: 0, othersMessages: 0, othersFailed: 0 };
    const made = { counts, failingDevices: new Set<string>(), isCondemned: false };
    this.#counts.set(name, made);
    return made;
  }
}

interface Counting {
  readonly counts: { -readonly [K in keyof CanaryCounts]: CanaryCounts[K] };
  /** Of how many devices it failed at a message, as far as that is of interest. */
  readonly failingDevices: Set<string>;
  isCondemned: boolean;
}

function isSame(a: DriverRef | undefined, b: DriverRef | undefined): boolean {
  return a !== undefined && b !== undefined && a.id === b.id && a.version === b.version;
}

function nameOf({ id, version }: DriverRef): string {
  return `${id}@${version}`;
}
