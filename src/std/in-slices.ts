/** Makes something of each item, `size` of them in one turn of the event loop, so that many of them hold up nobody. */
export async function inSlices<T, R>(items: readonly T[], size: number, make: (item: T) => Promise<R>): Promise<R[]> {
  const made: R[] = [];
  for (let start = 0; start < items.length; start += size) {
    if (start > 0) await nextTurn();
    made.push(...(await Promise.all(items.slice(start, start + size).map(make))));
  }
  return made;
}

/** Resolves when the event loop has seen to everybody else. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
