/** What became of what messages share: nothing, or put right; put right where nobody had looked yet; or beyond repair. */
export type Surroundings = 'clean' | 'restored' | 'lost';

export interface Guard {
  /** Looks at everything. Once something was found in a place, `restoreKnown` looks there too. */
  readonly restore: () => Surroundings;
  /** Looks where something was found before. `missed` where the message met a name that it should not have. */
  readonly restoreKnown: () => Surroundings | 'missed';
  /** Names of globals that were added since this was asked last. */
  readonly added: () => readonly string[];
  /** Another script leaves other globals, or none: until one is found, nobody looks for them behind each message. */
  readonly forgetGlobals: () => void;
  /** Names that may stay between messages without a value, each with the class whose prototype gets it: `String,twice`. */
  readonly mayKeep: (names: readonly string[]) => void;
}

/**
 * Runs inside the context of a codec script before the script does, as text: it must not refer to anything outside itself.
 *
 * One message must not find what another one left, and scripts do leave something: a global that lacks its `var`, a helper
 * on `String.prototype`. What scripts have reason to extend stays open, and `restore` takes it back to how it was. Everything
 * else is frozen: no property of it could have been missed. For a script that shows no sign of extending the classes of the
 * language these are frozen too: to look after them costs more than most messages do. `Object` and the errors stay open, since
 * scripts assign names such as `toString` and `name` to objects of theirs.
 */
export function installGuard(watchAll: boolean, opensClasses: boolean, reachable: () => Iterable<object>): Guard {
  const { ownKeys, getPrototypeOf, setPrototypeOf, getOwnPropertyDescriptor, defineProperty, deleteProperty, set } =
    Reflect;
  const { has: hasName, add: addName } = Set.prototype;
  const { includes } = Array.prototype;
  const { split } = String.prototype;
  const call = Reflect.apply;
  const { create: createObject, freeze, isExtensible, keys: listedNames, getOwnPropertySymbols } = Object;

  interface Kept {
    readonly holder: Record<PropertyKey, unknown>;
    readonly prototype: object | null;
    /** Number of properties at the start. */
    readonly count: number;
    /** Of these, those that can be counted at little cost: enumerable ones, and symbols. */
    readonly listed: number;
    readonly names: ReadonlySet<PropertyKey>;
    /** Those that can be assigned; none can be deleted or turned into an accessor. */
    readonly keys: readonly PropertyKey[];
    readonly values: readonly unknown[];
    /** Names that were added before. */
    readonly seen: Set<PropertyKey>;
    /** Those that a script gives it before anything of the script can ask for them. */
    mayStay: PropertyKey[];
    /**
     * Those that are added for every message: they stay, undefined. To add and delete a property of `Object.prototype` makes
     * the engine go through all the prototypes that were ever made, which in the end took 10 ms a message.
     */
    blanks: PropertyKey[];
  }

  /** None any more once a message met one that it did not assign: it may have asked whether there is such a property. */
  let blanksMax = 100;
  const seenMax = 1000;
  const seenGlobals: PropertyKey[] = bare();
  const seenGlobalsMax = 20;

  const errors = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError];
  const { Buffer } = globalThis as unknown as { Buffer: Uint8ArrayConstructor };
  const classes = [Array, String, Number, Boolean, Date, RegExp, Function, Map, Set, Symbol];
  const arrays = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array];
  const extensible = [...classes, ...arrays, BigInt, ArrayBuffer, DataView, Float32Array, Float64Array, Buffer];
  const open = new Set<unknown>([globalThis, console]);
  for (const kind of [Object, ...errors, ...(opensClasses ? extensible : [])]) {
    open.add(kind);
    open.add(kind.prototype);
  }
  if (opensClasses) for (const item of [Math, JSON, getPrototypeOf(Uint8Array.prototype)]) open.add(item);

  /** Whether somebody may have made a property that is not listed since all of them were counted last. */
  let isDefined = false;
  /** Of a descriptor, but for `configurable`. */
  const parts = ['enumerable', 'value', 'writable', 'get', 'set'];
  const definers: [holder: object, name: string][] = [
    [Object, 'defineProperty'],
    [Object, 'defineProperties'],
    [Reflect, 'defineProperty'],
    [Error, 'captureStackTrace'],
  ];
  for (const [holder, name] of definers) note(holder as Record<string, (...given: unknown[]) => unknown>, name);

  const kept: Kept[] = [];
  let known: Kept[] = bare();
  let added: string[] = bare();
  const sealed: object[] = [];
  for (const item of reachable()) {
    if (open.has(item)) kept.push(keep(item as Record<PropertyKey, unknown>));
    else sealed.push(item);
  }
  for (const item of sealed) if (!ArrayBuffer.isView(item)) freeze(item);

  /** No other functions of the language give an object that is there a property that is not listed. */
  function note(holder: Record<string, (...given: unknown[]) => unknown>, name: string): void {
    const original = holder[name];
    const noting = {
      [name](...given: unknown[]): unknown {
        isDefined = true;
        if (name === 'defineProperties') return call(original, this, asAssignments(given));
        return call(original, this, name === 'defineProperty' ? asAssignment(given) : given);
      },
    };
    defineProperty(noting[name], 'length', { value: original.length });
    defineProperty(holder, name, { value: noting[name] });
  }

  /**
   * What the language has can be assigned and not be defined anew: scripts that define `Object.assign` mean its value. What they add
   * can be taken back: scripts that define a helper say nothing of that, and for want of it each message would need a new context.
   */
  function asAssignment(given: readonly unknown[]): readonly unknown[] {
    const holder = given[0];
    const name = given[1] as PropertyKey;
    const descriptor = given[2];
    const item = keptOf(holder);
    if (item === undefined || typeof descriptor !== 'object' || descriptor === null) return given;
    if (!call(hasName, item.names, [name])) return [holder, name, asRemovable(descriptor as Record<string, unknown>)];
    if (!call(includes, item.keys, [name]) || !('value' in descriptor)) return given;
    return [holder, name, { __proto__: null, value: descriptor.value }];
  }

  function asRemovable(descriptor: Record<string, unknown>): object {
    const removable: Record<string, unknown> = createObject(null);
    for (let place = 0; place < parts.length; place++) {
      if (parts[place] in descriptor) removable[parts[place]] = descriptor[parts[place]];
    }
    removable.configurable = true;
    return removable;
  }

  function asAssignments(given: readonly unknown[]): readonly unknown[] {
    const holder = given[0];
    const properties = given[1] as Record<PropertyKey, unknown>;
    if (typeof properties !== 'object' || properties === null) return given;
    const all: Record<PropertyKey, unknown> = createObject(null);
    const names = ownKeys(properties);
    for (let index = 0; index < names.length; index++) {
      if (!getOwnPropertyDescriptor(properties, names[index])?.enumerable) continue;
      all[names[index]] = asAssignment([holder, names[index], properties[names[index]]])[2];
    }
    return [holder, all];
  }

  function keptOf(holder: unknown): Kept | undefined {
    for (let index = 0; index < kept.length; index++) if (kept[index].holder === holder) return kept[index];
    return undefined;
  }

  /** A list that a setter on `Array.prototype` knows nothing of. */
  function bare<T>(): T[] {
    const list: T[] = [];
    setPrototypeOf(list, null);
    return list;
  }

  function keep(holder: Record<PropertyKey, unknown>): Kept {
    const names = ownKeys(holder);
    const keys: PropertyKey[] = [];
    for (const name of names) {
      defineProperty(holder, name, { configurable: false });
      if (getOwnPropertyDescriptor(holder, name)?.writable) keys.push(name);
    }
    const values = keys.map((key) => holder[key]);
    return {
      holder,
      prototype: getPrototypeOf(holder),
      count: names.length,
      listed: countListed(holder),
      names: new Set(names),
      keys,
      values,
      seen: new Set(),
      mayStay: bare(),
      blanks: bare(),
    };
  }

  /** Takes back what was added or changed. No code of the script runs here: there are no accessors that are not our own. */
  function restoreItem(item: Kept): Surroundings {
    const { holder, keys, values } = item;
    let found: Surroundings = 'clean';
    if (!hasItsCount(item)) {
      if (!removeSeenGlobals(item) && !removeAdded(item)) return 'lost';
      found = 'restored';
    }
    if (item.blanks.length > 0 && clearBlanks(item)) found = 'restored';
    for (let place = 0; place < keys.length; place++) {
      if (holder[keys[place]] === values[place]) continue;
      if (!set(holder, keys[place], values[place])) return 'lost';
      found = 'restored';
    }
    if (getPrototypeOf(holder) !== item.prototype) {
      if (!setPrototypeOf(holder, item.prototype)) return 'lost';
      found = 'restored';
    }
    return isExtensible(holder) ? found : 'lost';
  }

  function hasItsCount({ holder, count, listed, blanks }: Kept): boolean {
    if (isDefined) return ownKeys(holder).length === count + blanks.length;
    return countListed(holder) === listed + blanks.length;
  }

  function countListed(holder: object): number {
    return listedNames(holder).length + getOwnPropertySymbols(holder).length;
  }

  /** True where those that were added before are all that was added: to go through all names takes ten times as long. */
  function removeSeenGlobals(item: Kept): boolean {
    if (item.holder !== globalThis) return false;
    for (let place = 0; place < seenGlobals.length; place++) {
      const name = seenGlobals[place];
      if (getOwnPropertyDescriptor(globalThis, name) !== undefined && !deleteProperty(globalThis, name)) return false;
    }
    return hasItsCount(item);
  }

  function removeAdded(item: Kept): boolean {
    const { holder, names, seen } = item;
    const all = ownKeys(holder);
    for (let index = 0; index < all.length; index++) {
      const name = all[index];
      if (call(hasName, names, [name]) || call(includes, item.blanks, [name])) continue;
      if (isUsual(item, name)) {
        item.blanks[item.blanks.length] = name;
        continue;
      }
      if (!deleteProperty(holder, name)) return false;
      if (call(hasName, seen, [name]) || seen.size >= seenMax) continue;
      call(addName, seen, [name]);
      if (holder !== globalThis) continue;
      if (typeof name === 'string') added[added.length] = name;
      if (seenGlobals.length < seenGlobalsMax) seenGlobals[seenGlobals.length] = name;
    }
    return true;
  }

  /** Whether it may stay as a blank. */
  function isUsual({ holder, seen, blanks, mayStay }: Kept, name: PropertyKey): boolean {
    return (
      call(includes, mayStay, [name]) &&
      call(hasName, seen, [name]) &&
      blanks.length < blanksMax &&
      isAssigned(holder, name)
    );
  }

  /** Whether it came by `holder.name = …` and no other way. */
  function isAssigned(holder: object, name: PropertyKey): boolean {
    const property = getOwnPropertyDescriptor(holder, name);
    return property?.writable === true && property.enumerable === true && property.configurable === true;
  }

  /** Whether there was anything to clear. */
  function clearBlanks(item: Kept): boolean {
    const { holder, blanks } = item;
    let found = false;
    for (let place = 0; place < blanks.length; place++) {
      // Deleted or made an accessor, it may stand for another one: all of them are counted anew.
      if (!isAssigned(holder, blanks[place])) return forgetBlanks(item);
      if (holder[blanks[place]] === undefined) continue;
      holder[blanks[place]] = undefined;
      found = true;
    }
    return found;
  }

  function forgetBlanks(item: Kept): true {
    item.blanks = bare();
    item.seen.clear();
    removeAdded(item);
    return true;
  }

  function restore(): Surroundings {
    let found: Surroundings = 'clean';
    for (let index = 0; index < kept.length; index++) {
      const item = kept[index];
      const outcome = restoreItem(item);
      if (outcome === 'lost') return 'lost';
      if (outcome === 'clean' || call(includes, known, [item])) continue;
      known[known.length] = item;
      found = 'restored';
    }
    isDefined = false;
    return found;
  }

  function restoreKnown(): Surroundings | 'missed' {
    const isMissed = hasUnassigned();
    if (isMissed) blanksMax = 0;
    for (let index = 0; index < known.length; index++) {
      if (isMissed) forgetBlanks(known[index]);
      if (restoreItem(known[index]) === 'lost') return 'lost';
    }
    return isMissed ? 'missed' : 'clean';
  }

  function hasUnassigned(): boolean {
    for (let index = 0; index < known.length; index++) {
      const { holder, blanks } = known[index];
      for (let place = 0; place < blanks.length; place++) if (holder[blanks[place]] === undefined) return true;
    }
    return false;
  }

  if (watchAll) for (const item of kept) known[known.length] = item;
  return {
    restore,
    restoreKnown,
    added: () => {
      const names = added;
      added = bare();
      return names;
    },
    mayKeep: (names) => {
      for (let index = 0; index < kept.length; index++) {
        const item = kept[index];
        item.mayStay = bare();
        if (item.blanks.length > 0) forgetBlanks(item);
        for (let place = 0; place < names.length; place++) {
          const kindAndName = call(split, names[place], [',']);
          const kind = item.holder.constructor as { readonly name: string; readonly prototype: object } | undefined;
          if (kind?.prototype === item.holder && kind.name === kindAndName[0])
            item.mayStay[item.mayStay.length] = kindAndName[1];
        }
      }
    },
    forgetGlobals: () => {
      if (watchAll) return;
      const all = known;
      known = bare();
      for (let index = 0; index < all.length; index++) {
        if (all[index].holder !== globalThis) known[known.length] = all[index];
      }
    },
  };
}
