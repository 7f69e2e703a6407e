import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LongPolls } from './long-polls.ts';

/** A wait that a test brings to its end. */
function wait(polls: LongPolls, client?: string) {
  const source = Promise.withResolvers<string>();
  const late: Promise<string>[] = [];
  let leave: () => void = () => undefined;
  const result = polls.wait({
    client,
    start: () => source.promise,
    onLeft: (end) => {
      leave = end;
    },
    late: (pending) => late.push(pending),
  });
  return { source, late, result, leave: () => leave() };
}

test('what comes in time is the answer', async () => {
  const polls = new LongPolls();
  const { source, result, late } = wait(polls);
  source.resolve('message');
  assert.equal(await result, 'message');
  assert.equal(late.length, 0);
  assert.equal(polls.count, 0);
});

test('what comes after the caller left is handed on, and counts as a wait until then', async () => {
  const polls = new LongPolls();
  const { source, result, late, leave } = wait(polls);
  leave();
  assert.equal(await result, undefined);
  assert.equal(polls.count, 1);
  source.resolve('message');
  assert.equal(await late[0], 'message');
  assert.equal(polls.count, 0);
});

test('a stop ends every wait, and later ones at once', async () => {
  const polls = new LongPolls();
  const waits = [wait(polls), wait(polls)];
  polls.stop();
  for (const { result } of waits) assert.equal(await result, undefined);
  assert.equal(await wait(polls).result, undefined);
});

test('a failure is the answer too', async () => {
  const polls = new LongPolls();
  const { source, result } = wait(polls);
  source.reject(new Error('gone'));
  await assert.rejects(result, /gone/);
  assert.equal(polls.count, 0);
});

test('one wait too many is refused', async () => {
  const polls = new LongPolls(2);
  const waits = [wait(polls), wait(polls)];
  await assert.rejects(wait(polls).result, { code: 'quota_exceeded' });
  for (const { source, result } of waits) {
    source.resolve('x');
    await result;
  }
  const { source, result } = wait(polls);
  source.resolve('y');
  assert.equal(await result, 'y');
});

test('no client has more than its share of the places, and what it gives back it can have again', async () => {
  const polls = new LongPolls(10, 2);
  const first = wait(polls, 'ann');
  wait(polls, 'ann');
  await assert.rejects(wait(polls, 'ann').result, { code: 'quota_exceeded', message: /2 requests of client "ann"/ });
  const other = wait(polls, 'bob');
  other.source.resolve('message');
  assert.equal(await other.result, 'message');
  first.source.resolve('message');
  assert.equal(await first.result, 'message');
  const again = wait(polls, 'ann');
  again.source.resolve('message');
  assert.equal(await again.result, 'message');
});
