import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forSeeds } from '../../../std/testing/seed.ts';
import { SettledRanges } from './settled-ranges.ts';

const end = 60;

test('what is settled in any order is what a set of it would say, and comes back from its row', () =>
  forSeeds(200, (random) => {
    const start = random.between(1, 10);
    let settled = new SettledRanges(start);
    const expected = new Set<number>();
    for (let step = 0; step < 80; step++) {
      const from = random.between(0, end - 1);
      const to = random.between(0, 3) > 0 ? from + 1 : random.between(from, end);
      if (to === from + 1) settled.add(from);
      else settled.addRange(from, to);
      for (let sequence = from; sequence < to; sequence++) if (sequence >= start) expected.add(sequence);
      check(settled, expected, start);
      if (random.between(0, 9) === 0) settled = SettledRanges.decode(settled.position, settled.encode());
      check(settled, expected, start);
    }
  }));

test('a range is a few bytes, however long it is', () => {
  const settled = new SettledRanges(5_000_000_000);
  settled.addRange(5_000_000_001, 6_000_000_000);
  assert.equal(settled.ranges, 1);
  assert.equal(settled.encode().length, 6);
  const again = SettledRanges.decode(5_000_000_000, settled.encode());
  assert.equal(again.nextOpen(5_500_000_000), 6_000_000_000);
  again.add(5_000_000_000);
  assert.equal(again.position, 6_000_000_000);
});

test('a restart forgets what was settled above and below', () => {
  const settled = new SettledRanges(10);
  settled.add(20);
  settled.restart(3);
  assert.deepEqual([settled.position, settled.beyond, settled.ranges, settled.has(20)], [3, 0, 0, false]);
});

function check(settled: SettledRanges, expected: ReadonlySet<number>, start: number): void {
  const has = (sequence: number): boolean => sequence < start || expected.has(sequence);
  let position = start;
  while (has(position)) position++;
  assert.equal(settled.position, position);
  assert.equal(settled.beyond, [...expected].filter((sequence) => sequence > position).length);
  for (let sequence = 0; sequence < end + 2; sequence++) {
    assert.equal(settled.has(sequence), has(sequence), `${sequence}`);
    let open = sequence;
    while (has(open)) open++;
    assert.equal(settled.nextOpen(sequence), open, `open from ${sequence}`);
  }
}
