import { SluiceError } from '../../errors.ts';
import type { TypeSeriesPage, TypeSeriesQuery } from '../series.ts';
import { Bucket } from './bucket.ts';
import { sqliteLimits } from './limits.ts';
import type { TypeSeriesSlice } from './series-queries.ts';

/** Puts a series over all devices of a type together, slice by slice; `slice` reads the devices behind one. */
export async function typeSeries(
  query: TypeSeriesQuery,
  signal: AbortSignal,
  slice: (after: string) => Promise<TypeSeriesSlice>,
): Promise<TypeSeriesPage> {
  const byKey = query.keys.map(() => new Map<number, Bucket>());
  let devices = 0;
  let rows = 0;
  for (let after: string | undefined = ''; ; ) {
    signal.throwIfAborted();
    const read = await slice(after);
    devices += read.devices;
    rows += read.rows;
    if (rows > sqliteLimits.typeSeriesRowsMax) throw tooManyRows();
    merge(byKey, read);
    after = read.after;
    if (after === undefined)
      return { devices, series: query.keys.map((key, at) => ofKey(key, byKey[at])), next: read.next };
  }
}

function merge(byKey: readonly Map<number, Bucket>[], { sums }: TypeSeriesSlice): void {
  for (const [at, ofSlice] of sums.entries()) {
    for (const [start, bucket] of ofSlice) {
      const known = byKey[at].get(start) ?? new Bucket();
      known.merge(bucket);
      byKey[at].set(start, known);
    }
  }
}

function ofKey(key: string, byStart: ReadonlyMap<number, Bucket>): TypeSeriesPage['series'][number] {
  const sorted = [...byStart].sort(([one], [other]) => one - other);
  return { key, points: sorted.map(([start, bucket]) => bucket.toPoint(start)) };
}

function tooManyRows(): SluiceError {
  const { typeSeriesRowsMax } = sqliteLimits;
  return new SluiceError(
    'quota_exceeded',
    `Ask for fewer intervals with limit, or for longer ones that have roll-ups: this answer needs more than ${typeSeriesRowsMax} rows`,
    { detail: { limit: 'typeSeriesRowsMax' } },
  );
}
