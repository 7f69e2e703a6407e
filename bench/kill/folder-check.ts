import { join } from 'node:path';
import { examine } from '../../src/platform/doctor/examine.ts';

/** Of a hundred data folders that a kill or a cut left, those that are checked before the next server has them. */
const checkedPercent = 8;

/** What `sluice doctor` says of the folders that servers have left. */
export class FolderCheck {
  readonly #data: string;
  readonly #chance: (percent: number) => boolean;
  checked = 0;
  readonly problems: string[] = [];

  constructor(home: string, chance: (percent: number) => boolean) {
    this.#data = join(home, 'data');
    this.#chance = chance;
  }

  /** Looks into some of them. */
  async sample(): Promise<void> {
    if (this.#chance(checkedPercent)) await this.check();
  }

  async check(): Promise<void> {
    const { findings } = await examine(this.#data);
    this.checked++;
    for (const { where, problem } of findings) this.problems.push(`${where}: ${problem}`);
  }

  lines(): string[] {
    return [
      `data folder checked ${this.checked} times, findings ${this.problems.length}`,
      ...this.problems.slice(0, 10),
    ];
  }
}
