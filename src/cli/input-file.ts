import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { systemReason } from '../std/system-reason.ts';
import type { Terminal } from './command.ts';

/** The bytes of a file that the user named. */
export function readInput(terminal: Pick<Terminal, 'cwd'>, file: string): Promise<Buffer> {
  return readFile(resolve(terminal.cwd, file)).catch((cause: NodeJS.ErrnoException) => {
    throw new Error(`Cannot read ${JSON.stringify(file)}: ${systemReason(cause)}`, { cause });
  });
}
