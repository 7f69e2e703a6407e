import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SluiceError } from '../errors.ts';
import { SimulatedClock } from '../std/clock.ts';
import type { Transactor } from './environment.ts';
import { GroupCommit } from './group-commit.ts';
import type { RowBatch } from './row-batch.ts';
import type { BatchWriter } from './staged-write.ts';

/** A disk that finishes a transaction when the test says so. */
class HeldTransactor implements Transactor {
  readonly transactions: string[][] = [];
  #running: { resolve: () => void; reject: (problem: Error) => void } | undefined;

  transact(rows: RowBatch): Promise<void> {
    assert.equal(this.#running, undefined, 'two transactions at a time');
    this.transactions.push(rows.values.map((value, i) => `${rows.keys.view(i)}${value === undefined ? '-' : '+'}`));
    return new Promise((resolve, reject) => {
      this.#running = { resolve, reject };
    });
  }

  async finish(problem?: Error): Promise<void> {
    const running = this.#running;
    assert.ok(running !== undefined, 'no transaction is running');
    this.#running = undefined;
    if (problem === undefined) running.resolve();
    else running.reject(problem);
    await turn();
  }
}

class Receipts {
  readonly log: string[] = [];

  receipt(tag: number, failure: SluiceError | undefined): void {
    this.log.push(failure === undefined ? `${tag}` : `${tag} ${failure.code}`);
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
const put = (commit: GroupCommit, key: string): void => commit.put('retained', Buffer.from(key), Buffer.from('v'));

function begin(parts: Partial<ConstructorParameters<typeof GroupCommit>[0]> = {}) {
  const disk = new HeldTransactor();
  const commit = new GroupCommit({ environment: disk, ...parts });
  return { disk, commit, receipts: new Receipts() };
}

test('it is busy as long as somebody waits, and not with rows that nobody waits for', async () => {
  const { disk, commit, receipts } = begin();
  put(commit, 'a');
  assert.equal(commit.isBusy, false);
  commit.wait(receipts, 1);
  assert.equal(commit.isBusy, true);
  await turn();
  assert.equal(commit.isBusy, true);
  await disk.finish();
  assert.deepEqual(receipts.log, ['1']);
  assert.equal(commit.isBusy, false);
});

test('what comes behind the answers comes behind what is left to the end of their turn, also after a failure', async () => {
  const { disk, commit } = begin();
  const log: string[] = [];
  const ask = (): void => {
    commit.afterAnswers(() => log.push(`behind, busy: ${commit.isBusy}`));
    commit.wait({ receipt: (_tag, failure) => setImmediate(() => log.push(failure?.code ?? 'sent')) }, 1);
  };
  put(commit, 'a');
  ask();
  await turn();
  await disk.finish();
  await turn();
  assert.deepEqual(log.splice(0), ['sent', 'behind, busy: false']);
  put(commit, 'b');
  ask();
  commit.fail(new Error('broken'));
  commit.afterAnswers(() => log.push('behind the failure'));
  await turn();
  assert.deepEqual(log, ['storage_failed', 'behind, busy: false', 'behind the failure']);
});

test('what is staged in one turn is one transaction, and receipts come after it in order', async () => {
  const { disk, commit, receipts } = begin();
  put(commit, 'a');
  commit.wait(receipts, 1);
  commit.remove('retained', Buffer.from('b'));
  commit.wait(receipts, 2);
  await turn();
  assert.deepEqual(disk.transactions, [['a+', 'b-']]);
  assert.deepEqual(receipts.log, []);
  await disk.finish();
  assert.deepEqual(receipts.log, ['1', '2']);
});

test('while one batch is flushed the next one fills', async () => {
  const { disk, commit, receipts } = begin();
  put(commit, 'a');
  await turn();
  put(commit, 'b');
  commit.wait(receipts, 1);
  await turn();
  put(commit, 'c');
  commit.wait(receipts, 2);
  await disk.finish();
  assert.deepEqual(disk.transactions, [['a+'], ['b+', 'c+']]);
  assert.deepEqual(receipts.log, []);
  await disk.finish();
  assert.deepEqual(receipts.log, ['1', '2']);
});

test('the next batch closes when all that wait for the one before are told, and not sooner', async () => {
  const { disk, commit, receipts } = begin();
  put(commit, 'a');
  commit.wait(receipts, 1);
  commit.wait({ receipt: () => put(commit, 'c') }, 0);
  await turn();
  commit.stage({
    write: (batch) => {
      receipts.log.push('closes');
      batch.put('retained', Buffer.from('b'), Buffer.from('v'));
    },
  });
  commit.wait(receipts, 2);
  await disk.finish();
  assert.deepEqual(receipts.log, ['1', 'closes']);
  await disk.finish();
  assert.deepEqual(receipts.log, ['1', 'closes', '2']);
  assert.deepEqual(disk.transactions, [['a+'], ['b+', 'c+']]);
});

test('a staged write is asked when its batch closes, and one that has nothing costs no transaction', async () => {
  const { disk, commit, receipts } = begin();
  let present = true;
  commit.stage({ write: (batch: BatchWriter) => present && batch.put('retained', Buffer.from('m'), Buffer.from('v')) });
  commit.wait(receipts, 1);
  present = false;
  await turn();
  assert.deepEqual(disk.transactions, []);
  assert.deepEqual(receipts.log, ['1']);
});

test('a write can stage another and ask for a receipt while its batch closes', async () => {
  const { disk, commit, receipts } = begin();
  const last = {
    write: (batch: BatchWriter) => {
      batch.put('retained', Buffer.from('last'), Buffer.from('v'));
      batch.wait(receipts, 9);
    },
  };
  commit.stage({ write: (batch: BatchWriter) => batch.stage(last) });
  put(commit, 'first');
  await turn();
  assert.deepEqual(disk.transactions, [['first+', 'last+']]);
  await disk.finish();
  assert.deepEqual(receipts.log, ['9']);
});

test('flushed waits for what is staged, also when nothing is', async () => {
  const { disk, commit } = begin();
  await commit.flushed();
  put(commit, 'a');
  let done = false;
  const flushed = commit.flushed().then(() => {
    done = true;
  });
  await turn();
  assert.equal(done, false);
  await disk.finish();
  await flushed;
});

test('after a failure every waiter is told, of this batch and all later ones, and nothing is written', async () => {
  const failures: string[] = [];
  const { disk, commit, receipts } = begin({ onFailure: ({ code }) => failures.push(code) });
  put(commit, 'a');
  commit.wait(receipts, 1);
  await turn();
  put(commit, 'b');
  commit.wait(receipts, 2);
  await disk.finish(new Error('No space left on device'));
  assert.deepEqual(receipts.log, ['1 storage_failed', '2 storage_failed']);
  assert.deepEqual(failures, ['storage_failed']);
  put(commit, 'c');
  commit.wait(receipts, 3);
  assert.equal(receipts.log[2], '3 storage_failed');
  await assert.rejects(commit.flushed(), { code: 'storage_failed', message: /No space left on device/ });
  await turn();
  assert.deepEqual(disk.transactions, [['a+']]);
  assert.equal(commit.failure?.code, 'storage_failed');
});

test('a staged write that throws fails its whole batch before any of it is written', async () => {
  const { disk, commit, receipts } = begin();
  put(commit, 'a');
  commit.stage({
    write: () => {
      throw new Error('broken');
    },
  });
  commit.wait(receipts, 1);
  await turn();
  assert.deepEqual(receipts.log, ['1 storage_failed']);
  assert.deepEqual(disk.transactions, []);
});

test('a commit that does not come back in time has failed, and stays so when it comes back', async () => {
  const clock = new SimulatedClock();
  const { disk, commit, receipts } = begin({ clock, limits: { flushMsMax: 1_000 } });
  put(commit, 'a');
  commit.wait(receipts, 1);
  await turn();
  clock.advance(999);
  assert.equal(commit.failure, undefined);
  clock.advance(1);
  assert.deepEqual(receipts.log, ['1 storage_failed']);
  await disk.finish();
  assert.deepEqual(receipts.log, ['1 storage_failed']);
});

test('the limits count what is not flushed, and the end of pressure is told', async () => {
  const { disk, commit } = begin({ limits: { batchMessagesMax: 4, batchBytesMax: 100 } });
  let drained = 0;
  commit.onDrain(() => drained++);
  assert.equal(commit.hasRoom(1_000), true);
  commit.stage({ write: (batch) => batch.put('retained', Buffer.from('a'), Buffer.from('v')) }, 60);
  assert.equal(commit.unflushedBytes, 60);
  assert.equal(commit.hasRoom(40), true);
  assert.equal(commit.hasRoom(41), false);
  await turn();
  commit.stage({ write: () => undefined }, 0);
  commit.stage({ write: () => undefined }, 0);
  assert.equal(commit.hasRoom(1, 1), true);
  assert.equal(commit.hasRoom(1, 2), false);
  assert.equal(drained, 0);
  await disk.finish();
  assert.equal(drained, 1);
  await turn();
  assert.equal(commit.unflushedMessages, 0);
  assert.equal(drained, 1);
});

test('how long a flush took is counted, and what never reached the disk is not', async () => {
  let now = 5;
  const { disk, commit } = begin({ monotonicMs: () => now });
  put(commit, 'a');
  await turn();
  now += 0.25;
  await disk.finish();
  put(commit, 'b');
  await turn();
  now += 8;
  await disk.finish();
  commit.stage({ write: () => undefined });
  await turn();
  put(commit, 'c');
  await turn();
  now += 1_000;
  await disk.finish(new Error('the disk is gone'));
  const { count, sum, max } = commit.latency.read();
  assert.deepEqual([count, sum, max], [2, 8_250, 8_000]);
});
