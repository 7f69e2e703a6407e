import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changeState, State } from './transitions.ts';

const allowed = [
  'scheduled ready',
  'scheduled dead',
  'scheduled removed',
  'ready leased',
  'ready dead',
  'ready removed',
  'leased acknowledged',
  'leased ready',
  'leased scheduled',
  'leased dead',
  'leased removed',
  'leased succeeded',
];

test('a message moves along the edges and no others', () => {
  for (const [from, start] of Object.entries(State)) {
    for (const [to, end] of Object.entries(State)) {
      const message: { state: State } = { state: start };
      if (allowed.includes(`${from} ${to}`)) {
        changeState(message, end);
        assert.equal(message.state, end);
      } else {
        assert.throws(() => changeState(message, end), new RegExp(`no edge from ${from} to ${to}`));
        assert.equal(message.state, start);
      }
    }
  }
});
