import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Account } from './account.ts';

/** Whether nothing that was acknowledged is lost, everything came, and every duplicate has its explanation. */
export function isFine({ lost, duplicatesUnexplained, isComplete }: Account): boolean {
  return lost === 0 && duplicatesUnexplained === 0 && isComplete;
}

/** What became of the messages, a line each. `what`: how the server ended each time, as `kill` or `power cut`. */
export function accountLines(account: Account, what: string): string[] {
  const { acknowledged, received, republished, refused, lost, isComplete } = account;
  const { duplicatesOfRepublished, duplicatesOverKill, duplicatesUnexplained } = account;
  return [
    `acknowledged ${acknowledged}, received ${received}, lost ${lost}${isComplete ? '' : '  INCOMPLETE'}`,
    `published again after a ${what} ${republished}, after a refusal ${refused}`,
    `duplicates ${duplicatesOfRepublished + duplicatesOverKill + duplicatesUnexplained}: ` +
      `${duplicatesOfRepublished} of messages published again, ${duplicatesOverKill} delivered again after a ${what}, ` +
      `${duplicatesUnexplained} without explanation`,
  ];
}

/** Replaces one of the records in bench/: `kill.md` or `power-cut.md`. */
export function record(file: string, title: string, command: string, lines: readonly string[]): void {
  const text = [`# ${title}`, '', `\`${command}\``, '', ...lines.map((line) => `- ${line}`), ''].join('\n');
  writeFileSync(fileURLToPath(new URL(`../${file}`, import.meta.url)), text);
}
