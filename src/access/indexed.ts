import { SluiceError } from '../errors.ts';

/** Rows by their key. Throws `invalid_argument` where two have the same. */
export function indexed<T extends { readonly name: string }>(
  rows: readonly T[],
  key: (row: T) => string,
  kind: string,
): ReadonlyMap<string, T> {
  const index = new Map<string, T>();
  for (const row of rows) {
    if (index.has(key(row)))
      throw new SluiceError('invalid_argument', `Cannot use ${kind} ${JSON.stringify(row.name)}: it is given twice`);
    index.set(key(row), row);
  }
  return index;
}
