import type { Terminal } from './command.ts';

/** Prints the answer as JSON where that was asked for, else as the text of `render`. */
export function print<T>(terminal: Terminal, json: boolean, answer: T, render: (answer: T) => string): number {
  terminal.out(json ? JSON.stringify(answer, undefined, 2) : render(answer));
  return 0;
}
