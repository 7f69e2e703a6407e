import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { acknowledged } from '../../message.ts';
import { silentLog } from '../../std/log.ts';
import { Environment, type Transactor } from '../../storage/environment.ts';
import { GroupCommit } from '../../storage/group-commit.ts';
import type { RowBatch } from '../../storage/row-batch.ts';
import { messageOf, publish, RecordingConsumer, turns } from '../testing/recording-consumer.ts';
import { EmbeddedEngine } from './engine.ts';

/** A disk that breaks when the test says so. */
class BreakableDisk implements Transactor {
  readonly #environment: Environment;
  broken = false;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  async transact(rows: RowBatch): Promise<void> {
    if (this.broken) throw new Error('Input/output error');
    await this.#environment.transact(rows);
  }
}

test('when a commit fails, nothing is acknowledged any more, and what was acknowledged is there after a restart', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-broken-'));
  const environment = new Environment(folder);
  const disk = new BreakableDisk(environment);
  const failures: string[] = [];
  const commit = new GroupCommit({ environment: disk, onFailure: ({ code }) => failures.push(code) });
  const engine = new EmbeddedEngine({ environment, commit, log: silentLog });
  await engine.start();
  await engine.declare('orders', { bindings: [{ filter: 'orders/#' }] });
  await publish(engine.route('orders/new'), messageOf('stored'));
  const [{ token }] = await engine.lease('orders', { consumerId: 'h', max: 1, waitMs: 0 });

  disk.broken = true;
  const refused = { code: 'storage_failed', message: /Input\/output error/ };
  const lost = publish(engine.route('orders/new'), messageOf('lost'));
  const settled = engine.settle('orders', [token], acknowledged);
  const declared = engine.declare('other', {});
  const buried = engine.bury('orders', messageOf('buried'), { code: 'x', reason: 'y', headers: [] });
  await Promise.all([lost, settled, declared, buried].map((promise) => assert.rejects(promise, refused)));
  assert.deepEqual(failures, ['storage_failed']);
  // A disk that works again changes nothing: what it holds and what memory holds are no longer the same.
  disk.broken = false;
  await assert.rejects(publish(engine.route('orders/new'), messageOf('late')), refused);
  await assert.rejects(engine.browse('orders', { from: 0, limit: 1 }), refused);
  await assert.rejects(engine.stop(), refused);
  await environment.close();

  const again = new Environment(folder);
  const after = new EmbeddedEngine({
    environment: again,
    commit: new GroupCommit({ environment: again }),
    log: silentLog,
  });
  await after.start();
  const { messages } = await after.browse('orders', { from: 0, limit: 10 });
  assert.deepEqual(
    messages.map(({ message }) => message.payload.toString()),
    ['stored'],
  );
  await after.stop();
  await again.close();
  rmSync(folder, { recursive: true });
});

test('publishes that storage cannot keep up with are refused with quota_exceeded and counted', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-slow-'));
  const environment = new Environment(folder);
  const commit = new GroupCommit({ environment, limits: { batchMessagesMax: 3 } });
  const engine = new EmbeddedEngine({ environment, commit, log: silentLog });
  await engine.start();
  await engine.declare('orders', { bindings: [{ filter: 'orders/#' }] });
  const results = await Promise.allSettled(
    [1, 2, 3, 4, 5].map((n) => publish(engine.route('orders/new'), messageOf(`${n}`))),
  );
  assert.deepEqual(
    results.map((result) => (result.status === 'fulfilled' ? 'stored' : result.reason.code)),
    ['stored', 'stored', 'stored', 'quota_exceeded', 'quota_exceeded'],
  );
  assert.equal((await engine.stats('orders')).rejected, 2);
  await publish(engine.route('orders/new'), messageOf('room again'));
  await engine.stop();
  await environment.close();
  rmSync(folder, { recursive: true });
});

test('a message that is acknowledged before its batch closes is never written, and its receipt comes all the same', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-elided-'));
  const environment = new Environment(folder);
  const written: string[] = [];
  const commit = new GroupCommit({
    environment: {
      transact: (rows) => {
        written.push(...rows.tables);
        return environment.transact(rows);
      },
    },
  });
  const engine = new EmbeddedEngine({ environment, commit, log: silentLog });
  await engine.start();
  await engine.declare('orders', { bindings: [{ filter: 'orders/#' }] });
  const consumer = new RecordingConsumer('quick', { acknowledges: true });
  await engine.consume('orders', consumer, { credit: 10 });
  await turns();
  written.length = 0;
  await Promise.all([1, 2, 3].map((n) => publish(engine.route('orders/new'), messageOf(`${n}`))));
  assert.deepEqual(consumer.payloads, ['1', '2', '3']);
  assert.deepEqual(written, []);
  const stats = await engine.stats('orders');
  assert.equal(stats.elided, 3);
  assert.equal(stats.acknowledged, 3);
  await engine.stop();
  await environment.close();
  rmSync(folder, { recursive: true });
});

test('after a failed commit what a consumer gives back is handed to nobody else', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-broken-'));
  const environment = new Environment(folder);
  const disk = new BreakableDisk(environment);
  const commit = new GroupCommit({ environment: disk });
  const engine = new EmbeddedEngine({ environment, commit, log: silentLog });
  await engine.start();
  await engine.declare('orders', { bindings: [{ filter: 'orders/#' }] });
  const leaving = new RecordingConsumer('leaving');
  const consumption = await engine.consume('orders', leaving, { credit: 1 });
  await publish(engine.route('orders/new'), messageOf('first'));
  const staying = new RecordingConsumer('staying');
  await engine.consume('orders', staying, { credit: 1 });
  disk.broken = true;
  await assert.rejects(engine.declare('another', {}));
  await consumption.stop();
  await turns();
  assert.deepEqual([leaving.payloads, staying.payloads], [['first'], []]);
  await assert.rejects(engine.stop());
  await environment.close();
  rmSync(folder, { recursive: true });
});
