/** Where signals come from: the process. */
export interface Signals {
  on(signal: 'SIGTERM' | 'SIGINT', listener: (signal: NodeJS.Signals) => void): unknown;
}

/**
 * Ctrl-C reaches every process of the terminal, and npm hands on what it gets itself, so that the server meets one request twice
 * within milliseconds. Whoever asks again by hand takes longer; only while the process is too busy to hear anything, as in a start,
 * are two requests handed over together and count as one.
 */
export const sameRequestMsMax = 500;

/** Resolves at the first SIGTERM or SIGINT; at one that is not the same request any more it calls `endAtOnce`. */
export function stopSignal(
  signals: Signals,
  endAtOnce: (signal: NodeJS.Signals) => void,
  monotonicMs = (): number => performance.now(),
): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let askedAt: number | undefined;
    const listener = (signal: NodeJS.Signals): void => {
      if (askedAt !== undefined && monotonicMs() - askedAt > sameRequestMsMax) endAtOnce(signal);
      askedAt ??= monotonicMs();
      resolve(signal);
    };
    signals.on('SIGTERM', listener);
    signals.on('SIGINT', listener);
  });
}
