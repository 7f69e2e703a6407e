/**
 * Runs inside the context of a codec script before the script does, as text: it must not refer to anything outside itself.
 * Every object that a script could get at without making one.
 */
export function reachableObjects(): Set<object> {
  const { ownKeys, getPrototypeOf, getOwnPropertyDescriptor } = Reflect;

  function* oneByOne(): Generator<number> {
    yield 0;
  }

  async function* oneByOneLater(): AsyncGenerator<number> {
    yield 0;
  }

  const seen = new Set<object>();
  const { from } = (
    globalThis as unknown as { Iterator: { from(source: object): { map(change: () => number): object } } }
  ).Iterator;
  const foreign = from({ next: () => ({ done: true, value: 0 }) });
  /** What a script sees of its own calls, where it says how a stack is written. */
  function callSites(): object[] {
    const errors = Error as { prepareStackTrace?: unknown };
    errors.prepareStackTrace = (_: unknown, sites: unknown) => sites;
    const { stack } = new Error('');
    delete errors.prepareStackTrace;
    return stack as unknown as object[];
  }

  const segments = new Intl.Segmenter().segment('');
  const samples = [
    [].values(),
    ''[Symbol.iterator](),
    new Map().values(),
    new Set().values(),
    ''.matchAll(/a/g),
    ...callSites(),
    segments,
    segments[Symbol.iterator](),
    // An iterator that is none by its class has one around it, of a class that has no name; nor has that of what maps.
    foreign,
    foreign.map(() => 0),
  ];
  const functions = [() => 0, async () => 0, oneByOne, oneByOneLater];
  const todo: unknown[] = [globalThis, ...samples.map((sample) => getPrototypeOf(sample)), ...functions];
  while (todo.length > 0) {
    const item = todo.pop();
    if ((typeof item !== 'object' && typeof item !== 'function') || item === null || seen.has(item)) continue;
    seen.add(item);
    for (const key of ownKeys(item)) {
      const property = getOwnPropertyDescriptor(item, key);
      todo.push(property?.value, property?.get, property?.set);
    }
    todo.push(getPrototypeOf(item));
  }
  return seen;
}
