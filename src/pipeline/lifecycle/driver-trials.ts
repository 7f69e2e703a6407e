import type { DriverChoices, DriverRef } from '../driver.ts';
import type { KnownDevice } from '../registry-cache.ts';
import type { Work } from '../work.ts';
import type { CanaryCounts } from './canary-rule.ts';
import { CanaryWatch } from './canary-watch.ts';
import type { ShadowComparison, ShadowRuns } from './shadow-runs.ts';

/** How a version that is not in use for all does so far, since it came to its stage or the server started. */
export interface DriverTrial {
  readonly canary: CanaryCounts | undefined;
  readonly shadow: ShadowComparison | undefined;
}

/** Sees what drivers make of messages, for the versions that are on trial. */
export class DriverTrials {
  readonly #choices: DriverChoices;
  readonly #shadows: ShadowRuns;
  readonly #canaries = new CanaryWatch();
  readonly #turnOff: (canary: DriverRef, reason: string) => Promise<void>;

  constructor(
    choices: DriverChoices,
    shadows: ShadowRuns,
    turnOff: (canary: DriverRef, reason: string) => Promise<void>,
  ) {
    this.#choices = choices;
    this.#shadows = shadows;
    this.#turnOff = turnOff;
  }

  of(ref: DriverRef): DriverTrial {
    return { canary: this.#canaries.countsOf(ref), shadow: this.#shadows.comparisonOf(ref) };
  }

  /** The version begins anew, or is on trial no more. */
  forget(ref: DriverRef): void {
    this.#canaries.forget(ref);
    this.#shadows.forget(ref);
  }

  /** Resolves when whatever it turned off is stored as that: what condemned it is settled afterwards. */
  decoded(works: readonly Work[]): void | Promise<void> {
    if (!this.#choices.isAny) return;
    const storing: Promise<void>[] = [];
    for (const work of works) this.#see(work, storing);
    if (storing.length > 0) return Promise.all(storing).then(() => undefined);
  }

  async stop(): Promise<void> {
    await this.#shadows.stop();
  }

  #see(work: Work, storing: Promise<void>[]): void {
    const { type } = work.known as KnownDevice;
    const choice = this.#choices.choice(type.name, work.firmwareVersion);
    for (const shadow of choice.shadows) this.#shadows.offer(work, shadow);
    const loser = choice.canaries.length === 0 ? undefined : this.#canaries.add(work, choice);
    if (loser !== undefined) storing.push(this.#turnOff(loser.canary, loser.reason));
  }
}
