import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HistoryRow, StateEntry } from '../../devices/store.ts';
import { addsUp, drawAccount } from './account.ts';
import type { DeviceFacts } from './server-facts.ts';
import type { Shipment } from './shipment.ts';

const shipment = (
  messageId: string | undefined,
  value: number | undefined,
  more: Partial<Shipment> = {},
): Shipment => ({
  deviceId: 'd',
  messageId,
  kind: 'regular',
  payload: Buffer.alloc(0),
  contentType: 'application/octet-stream',
  time: value,
  seq: undefined,
  fPort: undefined,
  firmware: undefined,
  expected: value === undefined ? undefined : { value },
  ...more,
});
const row = (messageId: string, value: number, outcome: 'applied' | 'stale' = 'applied') =>
  ({ messageId, outcome, data: { value, more: true } }) as unknown as HistoryRow;
const entry = (messageId: string, value: number) => ({ key: 'value', value, messageId }) as unknown as StateEntry;
const draw = (
  shipments: readonly Shipment[],
  facts: DeviceFacts,
  acknowledged: (each: Shipment) => boolean = () => true,
) => drawAccount(shipments, acknowledged, new Map([['d', facts]]));

const sent = [
  shipment('a', 10),
  shipment('b', 20),
  shipment('b', 20, { kind: 'duplicate' }),
  shipment('old', 5, { kind: 'late' }),
  shipment('bad', undefined, { kind: 'unreadable' }),
];
const facts: DeviceFacts = {
  rows: [row('b', 20), row('a', 10), row('old', 5, 'stale')],
  state: [entry('b', 20)],
  dead: ['bad'],
};

test('an account adds up when every acknowledged message is in one place', () => {
  const account = draw(sent, facts);
  assert.deepEqual(account, {
    sent: 5,
    acknowledged: 5,
    applied: 2,
    stale: 1,
    duplicate: 1,
    dead: 1,
    lost: 0,
    problems: [],
  });
  assert.ok(addsUp(account));
});

test('a message that is nowhere is lost', () => {
  const account = draw(sent, { ...facts, rows: facts.rows.slice(0, 2) });
  assert.equal(account.lost, 1);
  assert.ok(!addsUp(account));
});

test('a message that was never acknowledged is not claimed to be there', () => {
  const account = draw(sent, facts, (each) => each.messageId !== 'old');
  assert.equal(account.acknowledged, 4);
  assert.deepEqual(account.problems, ['1 messages were never acknowledged', 'd has old, which nobody sent']);
  assert.ok(!addsUp(account));
});

const contradictions: readonly [name: string, facts: DeviceFacts, problem: RegExp][] = [
  ['is twice in the history', { ...facts, rows: [...facts.rows, row('a', 10)] }, /^a is 2 times in the history$/],
  ['is in the history and dead', { ...facts, dead: ['bad', 'a'] }, /^a is in the history and dead$/],
  ['was read wrongly', { ...facts, rows: [row('b', 20), row('a', 11), row('old', 5)] }, /^a became .*"value":11/],
  ['was never sent', { ...facts, dead: ['bad', 'ghost'] }, /^d has ghost, which nobody sent$/],
  ['can be read and is dead', { ...facts, rows: [facts.rows[0], facts.rows[2]], dead: ['bad', 'a'] }, /^a can be read/],
  [
    'is old and rules the state',
    { ...facts, state: [entry('a', 10)] },
    /^The state of d has 10 of a as value: expected 20$/,
  ],
];
for (const [name, met, problem] of contradictions) {
  test(`an account does not add up when a message ${name}`, () => {
    const account = draw(sent, met);
    assert.equal(account.problems.length, 1, account.problems.join('\n'));
    assert.match(account.problems[0], problem);
    assert.ok(!addsUp(account));
  });
}

test('messages without an id are told apart by what they say', () => {
  const speechless = [shipment(undefined, 1), shipment(undefined, 2), shipment(undefined, 2)];
  const rows = [row('x', 2), row('y', 1), row('z', 2)];
  const state = [entry('z', 2)];
  assert.ok(addsUp(draw(speechless, { rows, state, dead: [] })));
  assert.equal(draw(speechless, { rows: rows.slice(1), state, dead: [] }).lost, 1);
  const more = draw(speechless, { rows: [...rows, row('w', 2)], state, dead: [] });
  assert.deepEqual(more.problems, ['d has 1 messages more than were sent']);
});
