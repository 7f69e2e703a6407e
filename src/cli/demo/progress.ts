import { setTimeout } from 'node:timers/promises';
import type { Terminal } from '../command.ts';

const lineMs = 1000;
const stillMsMax = 20_000;

/** Waits for the work, with a line a second, and gives up where nothing has moved for long. */
export async function withProgress<T>(terminal: Terminal, line: () => string, work: Promise<T>): Promise<T> {
  let last = line();
  let lastChange = performance.now();
  const stuck = Promise.withResolvers<never>();
  const timer = setInterval(() => {
    const now = line();
    if (now !== last) {
      terminal.out(`   ${now}`);
      last = now;
      lastChange = performance.now();
    } else if (performance.now() - lastChange > stillMsMax) {
      stuck.reject(new Error(`Nothing has moved for ${stillMsMax / 1000} s: ${now}`));
    }
  }, lineMs);
  try {
    return await Promise.race([work, stuck.promise]);
  } finally {
    clearInterval(timer);
  }
}

/** Asks again and again until `ask` answers true. */
export async function pollUntil(ask: () => Promise<boolean>, everyMs = 100): Promise<void> {
  while (!(await ask())) await setTimeout(everyMs);
}
