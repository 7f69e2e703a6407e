import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from './clock.ts';
import { UuidSource } from './uuid.ts';

test('a UUID has the version, the variant and the time of its making', () => {
  const clock = new SimulatedClock(0x0190_1234_5678);
  const uuid = new UuidSource(clock).next();
  assert.match(uuid, /^01901234-5678-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

test('UUIDs of one source are all different and sort in the order of their making, also when the clock goes back', () => {
  let now = 1_700_000_000_000;
  const source = new UuidSource({ now: () => now });
  const made: string[] = [];
  for (let i = 0; i < 20_000; i++) {
    if (i % 5_000 === 4_999) now += i < 10_000 ? 1 : -50;
    made.push(source.next());
  }
  assert.deepEqual([...made].sort(), made);
  assert.equal(new Set(made).size, made.length);
});

test('random bytes come from the given source and are used once each', () => {
  let filled = 0;
  const source = new UuidSource(new SimulatedClock(), (bytes) => bytes.fill(++filled));
  const tail = (uuid: string): string => uuid.slice(24);
  assert.equal(tail(source.next()), '010101010101');
  for (let i = 1; i < 400; i++) source.next();
  assert.equal(tail(source.next()), '020202020202');
});
