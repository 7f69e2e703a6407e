import assert from 'node:assert/strict';
import { test } from 'node:test';
import { queueOptionRows } from './options.ts';
import { resolveOptions } from './resolve-options.ts';

test('without anything given the options are the defaults of their rows', () => {
  assert.deepEqual(resolveOptions('q', {}), {
    bindings: [],
    dispatch: 'least_inflight',
    maxInflightPerConsumer: 1_000,
    maxInflight: 10_000,
    leaseMs: 30_000,
    maxDeliveries: 5,
    backoff: { kind: 'exponential', initialMs: 1_000, factor: 2, maxMs: 300_000, jitter: 0.2 },
    deadLetter: 'q.dead',
    limits: { messages: 0, bytes: 0 },
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
      const [group, member] = name.split('.');
      const given = member === undefined ? { [group]: value } : { [group]: { [member]: value } };
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
  refused('q', { backoff: { initial: 5 } }, /no option "backoff.initial"/);
  refused('q', { bindings: [{ filter: '$share/g/a' }] }, /shared subscription/);
  refused('q', { bindings: [{ filter: 'a', headers: {} }] }, /"headers" is not known/);
  refused('q', { bindings: [{}] }, /has no filter/);
  assert.equal(resolveOptions('x'.repeat(128), { deadLetter: null }).deadLetter, null);
});
