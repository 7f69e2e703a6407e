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

test('leases are in the order in which they end, wherever they are moved to', () => {
  forSeeds(50, (random) => {
    const entries = random.list(1, 30, () => new Held());
    const slot = slotOf(entries, () => random.below(20));
    for (let move = 0; move < 100; move++) slot.moveDeadline(random.pick(entries), random.below(20));
    const met = Array.from(slot.held(), ({ deadline }) => deadline);
    assert.deepEqual(
      met,
      entries.map(({ deadline }) => deadline).sort((one, other) => other - one),
    );
    assert.equal(slot.earliest?.deadline, met.at(-1));
  });
});
