import type { Acceptance } from '../acceptance.ts';

/** Is busy, and answers, when the test says so. */
export class TestAcceptance implements Acceptance {
  isBusy = true;
  #runs: (() => void)[] = [];

  afterAnswers(run: () => void): void {
    this.#runs.push(run);
  }

  answer(): void {
    for (const run of this.#runs.splice(0)) run();
  }
}
