/**
 * Runs inside the context of a codec script before the script does, as text: it must not refer to anything outside itself.
 *
 * Bundles carry their tables as `JSON.parse('…')` at the top level, which runs anew for each message, and most messages look
 * nothing up there. What a long text says that was read before is known to be right and never differs, so it is read when somebody
 * first looks: until then an empty list or object stands for it. Nothing in the language tells the one from the other, and each
 * message has its own.
 */
export function installTables(): void {
  const { parse: read, stringify: write } = JSON;
  const { apply: call, defineProperty, ownKeys } = Reflect;
  const { get: getTable, set: setTable } = Map.prototype;
  const { isArray: isList } = Array;
  const { create: createObject } = Object;
  const ProxyOf = Proxy;
  const trapped = (
    [
      'get',
      'set',
      'has',
      'deleteProperty',
      'defineProperty',
      'getOwnPropertyDescriptor',
      'ownKeys',
      'preventExtensions',
    ] as const
  ).map((name) => ({ name, plainly: Reflect[name] as Trap }));
  /** Shorter ones are read as fast as they are put off. */
  const lengthMin = 2_000;
  /** Of all texts that are remembered. */
  const charsMax = 1_000_000;
  /** To look something up in what was put off costs more, so a text that one message in four looks at is not. */
  const lookedAtShare = 4;

  interface Table {
    readonly isList: boolean;
    asked: number;
    lookedAt: number;
  }

  type Trap = (...given: unknown[]) => unknown;
  type Handler = Record<string, Trap | undefined>;

  const tables = new Map<string, Table>();
  let chars = 0;

  function tableOf(text: string): Table | undefined {
    return call(getTable, tables, [text]) as Table | undefined;
  }

  /** What is neither a list nor an object is no table. */
  function remember(text: string, value: unknown): void {
    if (chars + text.length > charsMax || typeof value !== 'object' || value === null) return;
    chars += text.length;
    call(setTable, tables, [copyOf(text), { isList: isList(value), asked: 0, lookedAt: 0 }]);
  }

  /** A piece that was cut out of a long text holds on to all of it, which would stay from one message to the next. */
  function copyOf(text: string): string {
    return call(read, undefined, [call(write, undefined, [text])]) as string;
  }

  function fill(target: object, text: string): void {
    const value = call(read, undefined, [text]) as Record<PropertyKey, unknown>;
    const names = ownKeys(value);
    for (let at = 0; at < names.length; at++) {
      const name = names[at];
      // The length of a list comes with its places.
      if (name === 'length' && isList(target)) continue;
      const property = { __proto__: null, value: value[name], writable: true, enumerable: true, configurable: true };
      defineProperty(target, name, property);
    }
  }

  function putOff(text: string, table: Table): object {
    const target: object = table.isList ? [] : {};
    let isFull = false;
    const look = (): void => {
      if (isFull) return;
      // At the end of the stack this may break off, and somebody may look again.
      fill(target, text);
      isFull = true;
      table.lookedAt++;
      // Without traps everything goes to the target.
      for (const name in handler) handler[name] = undefined;
    };
    const handler = handlerFor(look);
    return new ProxyOf(target, handler);
  }

  /** Its traps look, and then do what would have been done without. Its class, and whether it may grow, are known before. */
  function handlerFor(look: () => void): Handler {
    const handler: Handler = createObject(null);
    for (let at = 0; at < trapped.length; at++) {
      const { name, plainly } = trapped[at];
      handler[name] = (...given) => {
        look();
        return call(plainly, undefined, given);
      };
    }
    return handler;
  }

  const { parse } = {
    parse(this: unknown, text: unknown, reviver: unknown): unknown {
      const isTable = typeof text === 'string' && text.length >= lengthMin && typeof reviver !== 'function';
      if (!isTable) return call(read, this, [text, reviver]);
      const table = tableOf(text);
      if (table === undefined) {
        const value = call(read, this, [text]);
        remember(text, value);
        return value;
      }
      table.asked++;
      return table.lookedAt * lookedAtShare > table.asked ? call(read, this, [text]) : putOff(text, table);
    },
  };
  defineProperty(JSON, 'parse', { value: parse });
}
