import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forSeeds } from '../../std/testing/seed.ts';
import { type Holding, Slot } from './slot.ts';

/** Counts how often somebody looks when its lease ends. */
class Held implements Holding<Held> {
  static looks = 0;
  readonly bytes = 1;
  slot: Slot<Held> | undefined;
  previous: Held | undefined;
  next: Held | undefined;
  heapIndex = -1;
  #deadline = 0;

  get deadline(): number {
    Held.looks++;
    return this.#deadline;
  }

  set deadline(deadline: number) {
    this.#deadline = deadline;
  }
}

function slotOf(entries: readonly Held[], deadlineOf: (place: number) => number): Slot<Held> {
  const slot = new Slot<Held>({ leaseMs: 1, take: () => undefined, ended: () => undefined }, 'consumer');
  for (const [place, entry] of entries.entries()) slot.hold(entry, deadlineOf(place));
  return slot;
}

test('who shortens all its leases, or lengthens them, passes a few of the others for each', () => {
  const entries = Array.from({ length: 2_000 }, () => new Held());
  const slot = slotOf(entries, (place) => 1_000 + place);
  for (const deadline of [5, 90_000, 7]) {
    Held.looks = 0;
    for (const entry of entries) slot.moveDeadline(entry, deadline);
    assert.ok(Held.looks < 10 * entries.length, `${Held.looks} looks`);
  }
});

test('who gives each of its leases a length of its own passes no more than a logarithm of the others', () => {
  const entries = Array.from({ length: 20_000 }, () => new Held());
  const slot = slotOf(entries, () => 1_000);
  forSeeds(3, (random) => {
    Held.looks = 0;
    for (const entry of entries) slot.moveDeadline(entry, 1_000 + random.below(1_000_000));
    assert.ok(Held.looks < 100 * entries.length, `${Held.looks} looks`);
  });
});

test('the lease that ends first is known, wherever leases are moved to and whichever end', () => {
  forSeeds(50, (random) => {
    const entries = random.list(1, 60, () => new Held());
    const slot = slotOf(entries, () => random.below(20));
    const held = new Set(entries);
    for (let move = 0; move < 200 && held.size > 0; move++) {
      const entry = random.pick([...held]);
      if (random.below(8) > 0) slot.moveDeadline(entry, random.below(200));
      else if (held.delete(entry)) slot.unlink(entry);
      const first = Math.min(...Array.from(held, ({ deadline }) => deadline));
      assert.equal(slot.earliest?.deadline ?? Number.POSITIVE_INFINITY, first);
      assert.deepEqual(new Set(slot.held()), held);
      assert.ok(held.size === 0 ? slot.any === undefined : slot.any !== undefined && held.has(slot.any));
    }
  });
});
