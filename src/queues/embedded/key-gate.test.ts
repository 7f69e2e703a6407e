import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry } from './entry.ts';
import { KeyGate, type KeyGateLimits, keyGateLimits } from './key-gate.ts';
import type { Selector } from './selector.ts';

function entry(sequence: number, keyHash: number): Entry {
  return { sequence, keyHash, attempts: 0, state: 0, bytes: 100 } as Entry;
}

/** Hands out what is pushed to it. */
class Line implements Selector {
  readonly entries: Entry[] = [];

  next(): Entry | undefined {
    return this.entries.shift();
  }

  arrived(one: Entry): void {
    this.entries.push(one);
  }

  returned(): void {
    assert.fail('Nothing comes back here');
  }

  departed({ sequence }: Entry): void {
    assert.ok(!this.entries.some((each) => each.sequence === sequence));
  }

  withdrawn(): void {
    assert.fail('Nothing is taken away here');
  }

  withdrawnOnDisk(): void {
    assert.fail('Nothing is on disk here');
  }

  inMemory(): Iterable<Entry> {
    return this.entries;
  }

  oldest(): Entry | undefined {
    return this.entries[0];
  }
}

function gateOn(line: Line, limits: Partial<KeyGateLimits>): KeyGate {
  return new KeyGate({
    inner: line,
    failedBefore: { tell: () => true },
    goOnLater: () => assert.fail('All is known at once here'),
    isTotal: false,
    limits: { ...keyGateLimits, ...limits },
  });
}

test('one stuck key does not hold up a million others', () => {
  const line = new Line();
  const gate = gateOn(line, { parkedMax: 10, keysMax: 10 });
  gate.arrived(entry(1, 7));
  assert.equal(gate.next()?.sequence, 1);
  for (let sequence = 2; sequence < 1_000; sequence++) {
    gate.arrived(entry(sequence, sequence + 100));
    const other = gate.next();
    assert.equal(other?.sequence, sequence);
    gate.departed(other as Entry);
  }
});

test('what waits behind others of its key is bounded, and goes on when one has gone', () => {
  const line = new Line();
  const gate = gateOn(line, { parkedMax: 3, keysMax: 10 });
  for (let sequence = 1; sequence <= 6; sequence++) gate.arrived(entry(sequence, 7));
  gate.arrived(entry(7, 8));
  const first = gate.next() as Entry;
  assert.equal(first.sequence, 1);
  assert.equal(gate.next(), undefined);
  assert.deepEqual([...gate.inMemory()].map(({ sequence }) => sequence).sort(), [2, 3, 4, 5, 6, 7]);
  assert.equal(line.entries.length, 3);
  gate.departed(first);
  assert.equal(gate.next()?.sequence, 2);
  assert.equal(gate.oldest()?.sequence, 3);
});

test('what waits behind others of its key is bounded in bytes too', () => {
  const line = new Line();
  const gate = gateOn(line, { parkedBytesMax: 300 });
  for (let sequence = 1; sequence <= 6; sequence++) gate.arrived(entry(sequence, 7));
  const first = gate.next() as Entry;
  assert.equal(gate.next(), undefined);
  assert.equal(line.entries.length, 2);
  gate.departed(first);
  assert.equal(gate.next()?.sequence, 2);
  assert.equal(gate.next(), undefined);
  assert.equal(line.entries.length, 1);
});

test('keys that are under way are bounded', () => {
  const line = new Line();
  const gate = gateOn(line, { parkedMax: 10, keysMax: 2 });
  for (let sequence = 1; sequence <= 3; sequence++) gate.arrived(entry(sequence, sequence));
  const first = gate.next() as Entry;
  gate.next();
  assert.equal(gate.next(), undefined);
  gate.departed(first);
  assert.equal(gate.next()?.sequence, 3);
});
