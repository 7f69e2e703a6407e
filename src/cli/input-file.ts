import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { systemReason } from '../std/system-reason.ts';
import type { Terminal } from './command.ts';

/** The bytes of a file that the user named, or of standard input where that is `-`. */
export function readInput(terminal: Pick<Terminal, 'cwd' | 'stdin'>, file: string): Promise<Buffer> {
  if (file === '-') return buffer(terminal.stdin);
  return readFile(resolve(terminal.cwd, file)).catch((cause: NodeJS.ErrnoException) => {
    throw new Error(`Cannot read ${JSON.stringify(file)}: ${systemReason(cause)}`, { cause });
  });
}
