/** Ctrl-C ends the command cleanly, so that what a queue had lent goes back at once. */
export function interruption(): { promise: Promise<void>; forget: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const listener = (): void => resolve();
  process.once('SIGINT', listener);
  process.once('SIGTERM', listener);
  return {
    promise,
    forget: () => {
      process.removeListener('SIGINT', listener);
      process.removeListener('SIGTERM', listener);
    },
  };
}
