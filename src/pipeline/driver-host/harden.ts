/**
 * Makes the outer realm of a script process worthless to whoever gets hold of one of its objects. That is possible: an error
 * that is thrown while the engine formats a stack trace close to the end of the stack belongs to the outer realm, whatever
 * context ran. So nothing there leads to a function constructor, and no intrinsic can be changed. Call it once, after
 * everything is imported.
 */
export function harden(): void {
  for (const sample of functionKinds) Reflect.deleteProperty(Object.getPrototypeOf(sample), 'constructor');
  for (const prototype of [Object.prototype, Function.prototype, Array.prototype, Error.prototype]) {
    allowOverriding(prototype);
  }
  freezeAll(Reflect.ownKeys(globalThis).map((name) => intrinsic(name)));
}

const functionKinds = [
  () => undefined,
  async () => undefined,
  function* () {
    yield;
  },
  async function* () {
    yield;
  },
];

/** Global classes and namespaces: ECMAScript's own start with a capital letter, and Node's are better frozen too. */
function intrinsic(name: string | symbol): unknown {
  if (typeof name !== 'string' || !/^[A-Z]/.test(name)) return undefined;
  return Object.getOwnPropertyDescriptor(globalThis, name)?.value;
}

/**
 * A frozen `toString` on a prototype would also forbid the assignment `thing.toString = …` on every object below it.
 * As an accessor it stays fixed, and the assignment defines a property of the object's own.
 */
function allowOverriding(prototype: object): void {
  for (const key of Reflect.ownKeys(prototype)) {
    const { value, writable, configurable, enumerable } = Object.getOwnPropertyDescriptor(prototype, key) ?? {};
    if (!configurable || !writable) continue;
    Object.defineProperty(prototype, key, {
      get: () => value,
      set(replacement: unknown) {
        if (this === prototype) throw new TypeError(`Cannot change ${String(key)} of an intrinsic`);
        Object.defineProperty(this, key, { value: replacement, writable: true, enumerable: true, configurable: true });
      },
      enumerable,
      configurable: false,
    });
  }
}

function freezeAll(roots: readonly unknown[]): void {
  const seen = new Set<unknown>();
  const todo = [...roots, ...functionKinds];
  while (todo.length > 0) {
    const item = todo.pop();
    if ((typeof item !== 'object' && typeof item !== 'function') || item === null || seen.has(item)) continue;
    seen.add(item);
    for (const key of Reflect.ownKeys(item)) {
      const descriptor = Object.getOwnPropertyDescriptor(item, key);
      todo.push(descriptor?.value, descriptor?.get, descriptor?.set);
    }
    todo.push(Object.getPrototypeOf(item));
    // Array buffers with contents cannot be frozen and hold none of what matters here.
    if (!ArrayBuffer.isView(item)) Object.freeze(item);
  }
}
