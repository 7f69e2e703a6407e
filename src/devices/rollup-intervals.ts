const minute = 60_000;

/** Intervals that roll-ups can be kept for: each a multiple of those before it, so that series of the longer ones need few rows. */
const msOf = { '1m': minute, '5m': 5 * minute, '15m': 15 * minute, '1h': 60 * minute, '1d': 24 * 60 * minute };

export type RollupInterval = keyof typeof msOf;

export const rollupIntervals = Object.keys(msOf) as readonly RollupInterval[];

/** Each once, whatever was said twice. */
export function rollupWidthsMs(intervals: readonly RollupInterval[]): number[] {
  return [...new Set(intervals)].map((interval) => msOf[interval]);
}
