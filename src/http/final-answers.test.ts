import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FinalAnswer } from './doors/ingest-door.ts';
import { finalAnswers } from './final-answers.ts';
import { LongPolls } from './long-polls.ts';
import type { Call } from './route.ts';

/** A request of the client that waits until the test ends it. */
function waiting(
  longPolls: LongPolls,
  clientId: string,
  { tags = [0], bound }: { tags?: readonly number[]; bound?: string } = {},
) {
  const source = Promise.withResolvers<ReadonlyMap<number, FinalAnswer>>();
  let cancelled = 0;
  const results = { bound, within: () => source.promise, cancel: () => void cancelled++ };
  const call = { caller: { clientId }, presence: { onLeft: () => undefined } } as unknown as Call;
  const known = finalAnswers(results, tags, 30, call, { longPolls });
  return { source, known, cancelled: () => cancelled };
}

test('one client that waits for its messages keeps nobody else from waiting', async () => {
  const longPolls = new LongPolls(3, 1);
  const first = waiting(longPolls, 'greedy');
  const second = waiting(longPolls, 'greedy');
  // Its message is safe all the same: that is the answer.
  assert.deepEqual(await second.known, { known: new Map(), notAwaited: 'longPollsPerClientMax' });
  assert.deepEqual([longPolls.count, second.cancelled()], [1, 1]);
  const other = waiting(longPolls, 'other');
  const answer = new Map<number, FinalAnswer>([[0, { kind: 'stored', outcome: 'applied' }]]);
  for (const { source, known } of [first, other]) {
    source.resolve(answer);
    assert.equal((await known).known, answer);
  }
  assert.equal(longPolls.boundFor('greedy'), undefined);
});

test('whoever finds no room to wait hears which bound there is, and nobody does of whose messages everything is known', async () => {
  const longPolls = new LongPolls(1, 1);
  const first = waiting(longPolls, 'one');
  assert.equal((await waiting(longPolls, 'two').known).notAwaited, 'longPollsMax');
  first.source.resolve(new Map());
  assert.deepEqual(await first.known, { known: new Map() });
  const some = waiting(longPolls, 'three', { bound: 'resultWaitersMax' });
  some.source.resolve(new Map());
  assert.equal((await some.known).notAwaited, 'resultWaitersMax');
  assert.deepEqual(await waiting(longPolls, 'four', { bound: 'resultWaitersMax', tags: [] }).known, {
    known: new Map(),
  });
});
