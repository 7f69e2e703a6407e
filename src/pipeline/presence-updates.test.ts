import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PresenceChange, PresenceStore } from '../devices/presence.ts';
import type { Message } from '../message.ts';
import { SimulatedClock } from '../std/clock.ts';
import { silentLog } from '../std/log.ts';
import { pipelineLimits } from './limits.ts';
import { PresenceUpdates } from './presence-updates.ts';

/** Duty and store in the hands of the test: a write ends when it says. */
function setUp(presenceRowsMax = pipelineLimits.presenceRowsMax) {
  const clock = new SimulatedClock();
  const writes: (readonly PresenceChange[])[] = [];
  const events: Message[] = [];
  const state = { problem: undefined as Error | undefined, left: [] as string[] };
  const presence: PresenceStore = {
    put: async (changes) => {
      writes.push(changes);
      if (state.problem !== undefined) throw state.problem;
      return changes.map((change) => ({ ...change, deviceType: 'meter' }));
    },
    turnOffline: async (_, rowsMax) =>
      state.left.splice(0, rowsMax).map((deviceId) => ({ deviceId, deviceType: 'meter', online: false })),
    of: async () => new Map(),
  };
  const updates = new PresenceUpdates({
    presence,
    events: { hears: () => true, publish: (message) => void events.push(message) },
    clock,
    log: silentLog,
    limits: { ...pipelineLimits, presenceRowsMax },
  });
  const pass = async (ms: number): Promise<void> => {
    clock.advance(ms);
    await new Promise((resolve) => setImmediate(resolve));
  };
  /** What was written since the last look, as `+id` and `-id` by commit. */
  const written = (): string[] => writes.splice(0).map((each) => each.map(signed).join(' '));
  return { clock, updates, events, state, pass, written };
}

const signed = ({ online, deviceId }: PresenceChange): string => `${online ? '+' : '-'}${deviceId}`;

test('who comes in one turn is one write, and told once it is written', async () => {
  const { updates, events, pass, written, clock } = setUp();
  for (const id of ['a', 'b']) updates.changed(id, true);
  assert.deepEqual([written(), events], [[], []]);
  const at = clock.now();
  await pass(0);
  assert.deepEqual(written(), ['+a +b']);
  assert.deepEqual(
    events.map(({ topic, payload }) => [topic, JSON.parse(payload.toString())]),
    ['a', 'b'].map((deviceId) => [
      `events/meter/${deviceId}/presence`,
      { deviceId, deviceType: 'meter', eventType: 'presence', time: at, data: { online: true } },
    ]),
  );
});

test('a take-over is no change, and a device that comes and goes costs one row an interval', async () => {
  const { updates, events, pass, written } = setUp();
  updates.changed('a', true);
  await pass(0);
  updates.changed('a', false);
  updates.changed('a', true);
  await pass(pipelineLimits.presenceIntervalMsMin);
  assert.deepEqual([written(), events.length], [['+a'], 1]);
  for (let second = 0; second < 10; second++) {
    for (let times = 0; times < 101; times++) updates.changed('a', (second + times) % 2 === 1);
    await pass(pipelineLimits.presenceIntervalMsMin);
  }
  assert.deepEqual(written(), ['-a', '+a', '-a', '+a', '-a', '+a', '-a', '+a', '-a', '+a']);
});

test('many are written in commits of bounded size', async () => {
  const { updates, pass, written } = setUp(2);
  for (const id of ['a', 'b', 'c']) updates.changed(id, true);
  await pass(0);
  assert.deepEqual(written(), ['+a +b', '+c']);
});

test('what cannot be written is tried again, unless the device is as before by then', async () => {
  const { updates, events, state, pass, written } = setUp();
  state.problem = new Error('The disk is full');
  for (const id of ['a', 'b']) updates.changed(id, true);
  await pass(0);
  updates.changed('b', false);
  state.problem = undefined;
  await pass(pipelineLimits.presenceIntervalMsMin);
  assert.deepEqual([written(), events.length], [['+a +b', '+a'], 1]);
});

test('a start turns whoever is left offline and tells of it; a stop writes what is not written', async () => {
  const { updates, events, state, written } = setUp(2);
  state.left = ['a', 'b', 'c'];
  await updates.start();
  assert.deepEqual(
    events.map(({ payload }) => JSON.parse(payload.toString())).map(({ deviceId, data }) => [deviceId, data.online]),
    [
      ['a', false],
      ['b', false],
      ['c', false],
    ],
  );
  updates.changed('d', true);
  await updates.stop();
  assert.deepEqual(written(), ['+d']);
});
