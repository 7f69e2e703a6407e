import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Finding } from '../../storage/snapshot.ts';
import type { Line } from './lines.ts';
import { type PartName, partNames } from './parts.ts';

/** Findings that are kept of one examination; more are counted. */
const findingsMax = 1_000;

/** Without a word for so long a process is taken to be in a circle of pages. */
const silenceMsMax = 60_000;

export interface Examination {
  readonly findings: readonly Finding[];
  /** Those beyond the first thousand. */
  readonly findingsOmitted: number;
  readonly rows: number;
}

/**
 * Checks a data folder without changing it, while its server runs or not. LMDB takes pages as they are, and a damaged one can
 * end the process that reads it: then the part is told of, with where it was, and another process goes on with the next part.
 */
export async function examine(data: string): Promise<Examination> {
  const examiner = new Examiner();
  let left: readonly PartName[] = partNames;
  while (left.length > 0) {
    await examiner.run(data, left);
    const isOpen = examiner.part !== 'environment';
    left = isOpen ? left.slice(left.indexOf(examiner.part) + 1) : ['devices'];
  }
  return examiner;
}

class Examiner implements Examination {
  readonly findings: Finding[] = [];
  findingsOmitted = 0;
  rows = 0;
  /** The last that was begun. */
  part: PartName = partNames[0];
  #at = '';
  #isThrough = false;

  /** Resolves when the process has ended, through with all parts or not. */
  async run(data: string, parts: readonly PartName[]): Promise<void> {
    [this.part] = parts;
    this.#isThrough = false;
    const program = fileURLToPath(new URL(`./check-process${extname(import.meta.filename)}`, import.meta.url));
    const child = spawn(process.execPath, [program, data, ...parts], { stdio: ['ignore', 'pipe', 'ignore'] });
    const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    const silence = setTimeout(() => child.kill('SIGKILL'), silenceMsMax);
    for await (const line of createInterface({ input: child.stdout })) {
      silence.refresh();
      this.#hear(JSON.parse(line) as Line);
    }
    clearTimeout(silence);
    const [code, signal] = await ended;
    if (!this.#isThrough) this.#died(signal ?? `exit status ${code}`);
  }

  #hear(line: Line): void {
    if ('part' in line) {
      this.part = line.part;
      this.#at = line.part;
      this.#isThrough = false;
    } else if ('at' in line) this.#at = line.at;
    else if ('finding' in line) this.#add(line.finding);
    else {
      this.#isThrough = true;
      this.rows += line.rows;
    }
  }

  #died(how: string): void {
    this.#add({
      where: this.part,
      problem: `Pages are damaged: the process that read it ended by ${how}, in ${this.#at}`,
    });
  }

  #add(finding: Finding): void {
    if (this.findings.length < findingsMax) this.findings.push(finding);
    else this.findingsOmitted++;
  }
}
