import { writeSync } from 'node:fs';
import type { Line } from './lines.ts';
import { checkPart, type PartName } from './parts.ts';

/*
 * `node check-process.ts DATA PART...`: checks one part of a data folder after the other. A damaged page can end the process
 * that reads it, or keep it for ever, so another one looks after this: what it has to say is written at once, a line of JSON each.
 */
const [data, ...parts] = process.argv.slice(2);

for (const part of parts as PartName[]) {
  say({ part });
  try {
    const rows = await checkPart(
      data,
      part,
      (at) => say({ at }),
      (finding) => say({ finding }),
    );
    say({ done: part, rows });
  } catch (problem) {
    say({ finding: { where: part, problem: `It cannot be read: ${(problem as Error).message}` } });
    say({ done: part, rows: 0 });
    if (part === 'environment') break;
  }
}

function say(line: Line): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}
