/** Milliseconds before try number `failures` + 1: soon at first, at most 10 s, spread so that many clients do not come back at once. */
export function retryDelayMs(failures: number): number {
  const delayMs = Math.min(firstMs * 2 ** failures, longestMs);
  return delayMs * (0.5 + Math.random() / 2);
}

const firstMs = 100;
const longestMs = 10_000;

/** Resolves when `work` does, or after `ms` where they are given. */
export async function within(ms: number | undefined, work: Promise<unknown>): Promise<void> {
  if (ms === undefined) {
    await work;
    return;
  }
  const over = new AbortController();
  await Promise.race([work, pause(ms, over.signal)]);
  over.abort();
}

/** Resolves early, with false, when `signal` is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve(false);
      return;
    }
    const stop = (): void => {
      clearTimeout(timer);
      resolve(false);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve(true);
    }, ms);
    signal.addEventListener('abort', stop, { once: true });
  });
}
