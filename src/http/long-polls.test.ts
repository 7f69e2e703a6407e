import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LongPolls } from './long-polls.ts';

/** A wait that a test brings to its end. */
function wait(polls: LongPolls) {
  const source = Promise.withResolvers<string>();
  const late: Promise<string>[] = [];
  let leave: () => void = () => undefined;
  const result = polls.wait({
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
