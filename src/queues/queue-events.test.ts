import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from '../std/clock.ts';
import type { QueueEventKind } from './engine.ts';
import { QueueEvents } from './queue-events.ts';

function begin() {
  const clock = new SimulatedClock();
  const said: { topic: string; body: Record<string, unknown> }[] = [];
  const say = (topic: string, payload: () => Buffer): void => {
    said.push({ topic, body: JSON.parse(payload().toString()) });
  };
  const events = new QueueEvents({ say, clock });
  const tell = (kind: QueueEventKind, detail = {}, queue = 'jobs'): void =>
    events.tell({ queue, kind, at: clock.now(), detail });
  return { clock, said, events, tell };
}

test('an event is said at once, on the topic of its queue and kind', () => {
  const { said, tell, clock } = begin();
  tell('full', { messages: 10 });
  const body = { queue: 'jobs', event: 'full', at: clock.now(), messages: 10 };
  assert.deepEqual(said, [{ topic: '$events/queue/jobs/full', body }]);
});

test('messages that die by the thousand are said once a second, with how many and the last', () => {
  const { said, tell, clock } = begin();
  for (let sequence = 1; sequence <= 5_000; sequence++) tell('dead', { sequence });
  clock.advance(999);
  assert.equal(said.length, 1);
  clock.advance(1);
  for (let sequence = 5_001; sequence <= 6_000; sequence++) tell('dead', { sequence });
  clock.advance(10_000);
  assert.deepEqual(
    said.map(({ body: { count, sequence } }) => [count, sequence]),
    [
      [1, 1],
      [4_999, 5_000],
      [1_000, 6_000],
    ],
  );
  tell('dead', { sequence: 6_001 });
  assert.deepEqual(said.length, 4);
});

test('one queue, or one kind, holds back no other', () => {
  const { said, tell } = begin();
  tell('dead');
  tell('dead', {}, 'others');
  tell('consumer-left');
  assert.equal(said.length, 3);
});

test('a stop says what is held back, and nothing comes after it', () => {
  const { said, tell, clock, events } = begin();
  tell('dead', { sequence: 1 });
  tell('dead', { sequence: 2 });
  events.stop();
  tell('consumer-left');
  clock.advance(10_000);
  assert.deepEqual(
    said.map(({ body }) => body.sequence),
    [1, 2],
  );
});
