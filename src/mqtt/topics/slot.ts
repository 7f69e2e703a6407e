/** A set that costs nothing while it is empty, and no set while it holds one value. */
export type Slot<T> = T | Several<T> | undefined;

/** A class of its own, so that a value that is itself a `Set` is not taken for it. */
class Several<T> extends Set<T> {}

export function slotHas<T>(slot: Slot<T>, value: T): boolean {
  return slot instanceof Several ? slot.has(value) : slot === value;
}

/** The slot with a value that it did not hold. */
export function slotWith<T>(slot: Slot<T>, value: T): Slot<T> {
  if (slot === undefined) return value;
  if (slot instanceof Several) return slot.add(value);
  return new Several([slot, value]);
}

/** The slot without a value that it held. */
export function slotWithout<T>(slot: Slot<T>, value: T): Slot<T> {
  if (!(slot instanceof Several)) return undefined;
  slot.delete(value);
  return slot.size > 1 ? slot : slot.values().next().value;
}

export function appendSlot<T>(slot: Slot<T>, into: T[]): void {
  if (slot === undefined) return;
  if (slot instanceof Several) for (const value of slot) into.push(value);
  else into.push(slot);
}
