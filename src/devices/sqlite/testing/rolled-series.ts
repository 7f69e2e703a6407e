import assert from 'node:assert/strict';
import type { SqliteStore } from '../store.ts';

const minute = 60_000;

interface Rolled {
  readonly deviceId: string;
  readonly eventType: string;
  readonly keys: readonly string[];
  readonly intervalMs: number;
}

/** Asserts that a series of an interval that has roll-ups is what one of seconds, which has none, comes to; from 10 minutes before to 20 behind the epoch. */
export async function isAsItsRows(store: SqliteStore, { deviceId, intervalMs, ...of }: Rolled): Promise<void> {
  const query = { ...of, deviceIds: [deviceId], from: -10 * minute, to: 20 * minute };
  const rolled = await store.series.points({ ...query, intervalMs, limit: 1_000 });
  const seconds = await store.series.points({ ...query, intervalMs: 1_000, limit: 10_000 });
  for (const [at, { points }] of rolled.series.entries()) {
    const sums = new Map<number, { count: number; sum: number; min: number; max: number; last: number }>();
    for (const { time, count, sum, min, max, last } of seconds.series[at].points) {
      const start = Math.floor(time / intervalMs) * intervalMs;
      const before = sums.get(start) ?? {
        count: 0,
        sum: 0,
        min: Number.POSITIVE_INFINITY,
        max: Number.NEGATIVE_INFINITY,
      };
      sums.set(start, {
        count: before.count + count,
        sum: before.sum + sum,
        min: Math.min(before.min, min),
        max: Math.max(before.max, max),
        last,
      });
    }
    assert.deepEqual(
      points.map(({ time, count, sum, min, max, last }) => [time, { count, sum, min, max, last }]),
      [...sums],
    );
  }
}
