import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isNewer } from '../devices/freshness.ts';
import { SluiceError } from '../errors.ts';
import type { Message } from '../message.ts';
import type { Random } from '../std/testing/random.ts';
import { forSeedsInTurn } from '../std/testing/seed.ts';
import { TestBench } from './testing/test-bench.ts';

const devices = ['a', 'b', 'c', 'd', 'e'];

test('every message that was sent is accounted for, and the state is the newest', async (context) => {
  await forSeedsInTurn(6, async (random) => {
    const bench = await TestBench.open({ batchMessagesMax: 7 });
    context.after(() => bench.close());
    for (const id of devices)
      await bench.device(id, { name: random.below(2) === 0 ? 'meter' : 'sensor', mode: 'inline' });

    const plan = planOf(random, bench);
    const counts = { applied: 0, stale: 0, duplicate: 0, rejected: 0 };
    for (let at = 0; at < plan.length; ) {
      const part = plan.slice(at, at + 1 + random.below(30));
      at += part.length;
      if (random.below(5) === 0) await failOnce(bench, part);
      const outcomes = random.below(2) === 0 ? await inline(bench, part) : await queued(bench, part);
      for (const outcome of outcomes) counts[outcome as keyof typeof counts]++;
    }

    const { applied, stale, duplicate, rejected } = counts;
    assert.equal(applied + stale + duplicate + rejected, plan.length);
    const expected = expectationOf(plan);
    assert.equal(rejected, expected.rejected);
    assert.equal(applied + stale, expected.distinct);
    for (const id of devices)
      assert.deepEqual(await stateOf(bench, id), expected.state.get(id) ?? {}, `state of ${id}`);
    let rows = 0;
    for (const id of devices) rows += (await bench.store.readings.history({ deviceId: id, limit: 10_000 })).length;
    assert.equal(rows, expected.distinct);
  });
});

interface Sent {
  readonly deviceId: string;
  readonly messageId: string;
  readonly time: number;
  readonly seq: number;
  readonly key: string;
  readonly bad: boolean;
  readonly message: Message;
}

/** Messages with distinct (time, seq), out of order, some twice, some unreadable. */
function planOf(random: Random, bench: TestBench): Sent[] {
  const sent = Array.from({ length: 300 }, (_, i): Sent => {
    const deviceId = random.pick(devices);
    const messageId = `m-${i}`;
    const time = 1_000_000 + random.below(40);
    const bad = random.below(10) === 0;
    const key = `k${random.below(3)}`;
    const payload = bad ? 'unreadable' : { [key]: i };
    const message = bench.message(deviceId, payload, { 'message-id': messageId, time, seq: i });
    return { deviceId, messageId, time, seq: i, key, bad, message };
  });
  const copies = sent.filter(() => random.below(4) === 0);
  const plan = [...sent, ...copies];
  for (let i = plan.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [plan[i], plan[j]] = [plan[j], plan[i]];
  }
  return plan;
}

async function inline(bench: TestBench, part: readonly Sent[]): Promise<string[]> {
  const receipts = await bench.publish(...part.map(({ message }) => message));
  return receipts.map(({ outcome }) => outcome?.split(':')[0] ?? 'missing');
}

async function queued(bench: TestBench, part: readonly Sent[]): Promise<string[]> {
  const before = { ...bench.pipeline.numbers().outcomes };
  const settlements = await bench.deliver(...part.map(({ message }) => message));
  assert.ok(settlements.every(({ kind }) => kind === 'acknowledged' || kind === 'rejected'));
  return Object.entries(bench.pipeline.numbers().outcomes).flatMap(([outcome, count]) => {
    const more = count - (before[outcome as keyof typeof before] ?? 0);
    return Array<string>(more).fill(outcome.split(':')[0]);
  });
}

/** The same messages while the store fails: nothing of them may stay. */
async function failOnce(bench: TestBench, part: readonly Sent[]): Promise<void> {
  bench.storeProblem = new SluiceError('storage_failed', 'disk full');
  const good = part.filter(({ bad }) => !bad);
  const settlements = await bench.deliver(...good.map(({ message }) => message));
  assert.ok(settlements.every(({ kind }) => kind === 'failed'));
  bench.storeProblem = undefined;
}

function expectationOf(plan: readonly Sent[]) {
  const state = new Map<string, Record<string, number>>();
  const newest = new Map<string, Sent>();
  const distinct = new Map(plan.filter(({ bad }) => !bad).map((sent) => [sent.messageId, sent]));
  for (const sent of distinct.values()) {
    const known = newest.get(`${sent.deviceId} ${sent.key}`);
    if (known !== undefined && !isNewer({ ...sent, receivedAt: 0 }, { ...known, receivedAt: 0 })) continue;
    newest.set(`${sent.deviceId} ${sent.key}`, sent);
    state.set(sent.deviceId, { ...state.get(sent.deviceId), [sent.key]: sent.seq });
  }
  return { state, distinct: distinct.size, rejected: plan.filter(({ bad }) => bad).length };
}

async function stateOf(bench: TestBench, id: string): Promise<Record<string, unknown>> {
  const { fPort: _, ...values } = await bench.state(id);
  return values;
}
