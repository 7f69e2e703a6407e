import assert from 'node:assert/strict';
import { test } from 'node:test';
import { notYet } from './not-yet.ts';
import { type QueueOptionRow, queueOptionRows } from './option-rows.ts';
import { resolveOptions } from './resolve-options.ts';

test('without anything given the options are the defaults of their rows', () => {
  assert.deepEqual(resolveOptions('q', {}), {
    kind: 'work',
    bindings: [],
    durability: 'sync',
    dispatch: 'least_inflight',
    maxInflightPerConsumer: 1_000,
    maxInflight: 10_000,
    leaseMs: 30_000,
    maxDeliveries: 5,
    backoff: { kind: 'exponential', initialMs: 1_000, factor: 2, maxMs: 300_000, jitter: 0.2, delaysMs: [] },
    deadLetter: 'q.dead',
    ordering: 'none',
    orderingKey: null,
    lastValue: { key: null },
    priorities: 1,
    priorityAgeingMs: 60_000,
    delayMs: 0,
    ttlMs: 14 * 24 * 3_600_000,
    expired: 'dead-letter',
    deduplication: { scope: 'off', windowMs: 300_000 },
    limits: { messages: 0, bytes: 0 },
    overflow: 'reject',
    rateLimit: { in: 0, out: 0, perKey: { in: 0, out: 0 } },
    singleActiveConsumer: false,
    retention: { ageMs: 7 * 24 * 3_600_000, bytes: 0, messages: 0, compact: null },
    group: { start: 'latest', expiryMs: 2_592_000_000 },
    alerts: { depth: 0, oldestAgeMs: 0, growthPerMinute: 0, deadLetters: 0, deadLettersPerMinute: 0, stalledMs: 0 },
    desiredConsumers: { messagesPerConsumer: 0, drainMs: 60_000, max: 100 },
    paused: false,
  });
});

test('of a group only what is given changes', () => {
  const base = resolveOptions('q', { limits: { messages: 5 }, deadLetter: 'graveyard' });
  assert.deepEqual(base.limits, { messages: 5, bytes: 0 });
  const changed = resolveOptions('q', { limits: { bytes: 9 }, deadLetter: null, paused: undefined }, base);
  assert.deepEqual(changed.limits, { messages: 5, bytes: 9 });
  assert.equal(changed.deadLetter, null);
  assert.equal(changed.paused, false);
  assert.equal(resolveOptions('q', { paused: true }, changed).deadLetter, null);
});

test('a filter that is given twice is one binding', () => {
  assert.deepEqual(resolveOptions('q', { bindings: [{ filter: 'a' }, { filter: 'a' }] }).bindings, [{ filter: 'a' }]);
});

test('every row refuses what is not of its kind and beyond its range, and names itself', () => {
  for (const { name, kind, min, max } of queueOptionRows) {
    const outside = kind === 'integer' || kind === 'number' ? [(min ?? 0) - 1, (max ?? 0) + 1, '5', null] : ['x y', 5];
    for (const value of outside) {
      const given = name.split('.').reduceRight<unknown>((inner, member) => ({ [member]: inner }), value) as object;
      assert.throws(() => resolveOptions('q', given), {
        code: 'invalid_argument',
        message: new RegExp(`option "${name}" takes`),
      });
    }
  }
});

test('names, groups and bindings that are not valid are refused', () => {
  const refused = (name: string, given: object, message: RegExp): void => {
    assert.throws(() => resolveOptions(name, given), { code: 'invalid_argument', message });
  };
  refused('', {}, /queue ""/);
  refused('a/b', {}, /queue "a\/b"/);
  refused('x'.repeat(129), {}, /1 to 128/);
  refused('x'.repeat(128), {}, /"deadLetter" takes/);
  refused('q', { backoff: 5 }, /"backoff" takes an object, not 5/);
  refused('q', { backoff: { initial: 5 } }, /no option "backoff.initial"; .*; did you mean "backoff.initialMs"\?$/);
  refused('q', { bindings: [{ filter: '$share/g/a' }] }, /shared subscription/);
  refused('q', { bindings: [{ filter: 'a', header: {} }] }, /"header" is not known/);
  refused('q', { rateLimit: { perKey: 5 } }, /"rateLimit.perKey" takes an object, not 5/);
  refused('q', { bindings: [{}] }, /has no filter/);
  assert.equal(resolveOptions('x'.repeat(128), { deadLetter: null }).deadLetter, null);
});

test('an option that the engine cannot follow yet is taken at its default alone, and named', () => {
  for (const name of notYet.keys()) assert.ok(rowOf(name) !== undefined, name);
  for (const [name, refused] of notYet) {
    const row = rowOf(name);
    if (row === undefined) continue;
    const at = (value: unknown): object =>
      name.split('.').reduceRight<unknown>((inner, member) => ({ [member]: inner }), value) as object;
    resolveOptions('q', at(row.default));
    for (const value of refused ?? [another(row)]) {
      const message = new RegExp(`does not follow option "${name}"`);
      assert.throws(() => resolveOptions('q', at(value)), { code: 'invalid_argument', message }, `${name} ${value}`);
    }
  }
});

function rowOf(name: string): QueueOptionRow | undefined {
  return queueOptionRows.find((row) => row.name === name);
}

/** A valid value that is not the default. */
function another({ kind, default: fallback, choices, max }: QueueOptionRow): unknown {
  const values: Partial<Record<QueueOptionRow['kind'], unknown>> = {
    boolean: fallback !== true,
    choice: choices?.find((choice) => choice !== fallback),
    key: 'topic',
    delays: [1],
    start: 'earliest',
  };
  return kind in values ? values[kind] : max;
}

test('an option that a queue is made with is refused when it changes, with what to do', () => {
  const base = { ...resolveOptions('q', {}), kind: 'log' } as const;
  assert.throws(() => resolveOptions('q', { kind: 'work' }, base), {
    code: 'conflict',
    message: /option "kind" stays "log" as long as the queue is there; make another queue with "work"/,
  });
});
