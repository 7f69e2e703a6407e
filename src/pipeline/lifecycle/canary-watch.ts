import type { DriverChoice, DriverRef } from '../driver.ts';
import type { Work } from '../work.ts';

/** What a canary and the driver in use made of the messages since the canary began. */
export interface CanaryCounts {
  readonly messages: number;
  readonly failed: number;
  readonly othersMessages: number;
  readonly othersFailed: number;
}

/** A canary is judged from its so-manieth message on, so that a few bad ones do not turn it off. */
const judgedFromMessages = 100;
/** A share of failures higher by this than that of the driver in use turns the canary off. */
const failedShareMoreMax = 0.05;

/** Counts what canaries fail at, and says when one does worse than the driver that it is to replace. */
export class CanaryWatch {
  /** By driver: as many as there are canaries. */
  readonly #counts = new Map<string, Mutable>();

  countsOf(ref: DriverRef): CanaryCounts | undefined {
    return this.#counts.get(nameOf(ref));
  }

  forget(ref: DriverRef): void {
    this.#counts.delete(nameOf(ref));
  }

  /** Answers the canary that has to go, and why. */
  add(
    work: Work,
    { active, canaries }: DriverChoice,
  ): { readonly canary: DriverRef; readonly reason: string } | undefined {
    const failed = work.verdict === undefined ? 0 : 1;
    for (const canary of canaries) {
      if (isSame(work.driver, canary)) return this.#addOwn(canary, failed);
      if (!isSame(work.driver, active)) continue;
      const counts = this.#of(canary);
      counts.othersMessages++;
      counts.othersFailed += failed;
    }
    return undefined;
  }

  #addOwn(canary: DriverRef, failed: number): ReturnType<CanaryWatch['add']> {
    const counts = this.#of(canary);
    counts.messages++;
    counts.failed += failed;
    const reason = counts.messages < judgedFromMessages ? undefined : reasonToStop(counts);
    return reason === undefined ? undefined : { canary, reason };
  }

  #of(ref: DriverRef): Mutable {
    const name = nameOf(ref);
    let counts = this.#counts.get(name);
    if (counts === undefined) {
      counts = { messages: 0, failed: 0, othersMessages: 0, othersFailed: 0 };
      this.#counts.set(name, counts);
    }
    return counts;
  }
}

type Mutable = { -readonly [K in keyof CanaryCounts]: CanaryCounts[K] };

function reasonToStop({ messages, failed, othersMessages, othersFailed }: CanaryCounts): string | undefined {
  const others = othersMessages === 0 ? 0 : othersFailed / othersMessages;
  if (failed / messages <= others + failedShareMoreMax) return undefined;
  return `Turned off: ${failed} of ${messages} messages failed, against ${othersFailed} of ${othersMessages} with the driver in use`;
}

function isSame(a: DriverRef | undefined, b: DriverRef | undefined): boolean {
  return a !== undefined && b !== undefined && a.id === b.id && a.version === b.version;
}

function nameOf({ id, version }: DriverRef): string {
  return `${id}@${version}`;
}
