import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { acknowledged } from '../../message.ts';
import { pollGraceMs, type QueueEvent } from '../engine.ts';
import { bound, type ContractBench, failed, fixedBackoff, rejected } from './contract-bench.ts';
import { turns } from './recording-consumer.ts';

function listen(on: ContractBench): unknown[][] {
  const told: unknown[][] = [];
  on.engine.onEvent(({ queue, kind, detail }: QueueEvent) => told.push([queue, kind, ...Object.values(detail)]));
  return told;
}

/** What an engine tells of its queues: how long things took, and what happens. */
export function tellingContract(on: ContractBench): void {
  describe('how long', () => {
    test('a message waited is counted at its first delivery, and how long it was worked on at its acknowledgement', async () => {
      await on.engine.declare('orders', { ...bound, backoff: fixedBackoff, leaseMs: 60_000 });
      await on.send('a');
      on.clock.advance(3_000);
      const { consumer } = await on.consume('orders', 1);
      (await consumer.delivery(1)).settle(failed);
      on.clock.advance(5_000);
      await consumer.delivery(2);
      on.clock.advance(700);
      assert.equal(consumer.deliveries[1].settle(acknowledged), true);
      const { timeInQueueMs, processingMs } = await on.engine.stats('orders');
      assert.deepEqual([timeInQueueMs.count, timeInQueueMs.sum], [1, 3_000]);
      assert.deepEqual([processingMs.count, processingMs.sum], [1, 700]);
    });

    test('leases that ran out are counted among what failed', async () => {
      await on.engine.declare('orders', { ...bound, backoff: fixedBackoff, leaseMs: 1_000 });
      const { consumer } = await on.consume('orders', 2);
      await on.sendAll('a', 'b');
      (await consumer.delivery(1)).settle(failed);
      await consumer.delivery(2);
      on.clock.advance(1_000);
      const { failed: all, leasesExpired } = await on.engine.stats('orders');
      assert.deepEqual([all, leasesExpired], [2, 1]);
    });
  });

  describe('what lies in the dead letters', () => {
    test('is shown at the queue that it came from, as long as it is there', async () => {
      await on.engine.declare('orders', bound);
      const { consumer } = await on.consume('orders', 2);
      await on.sendAll('a', 'b');
      await consumer.delivery(2);
      for (const delivery of consumer.deliveries) delivery.settle(rejected);
      assert.equal((await on.engine.stats('orders')).deadLetters, 2);
      await on.engine.purge('orders.dead');
      assert.equal((await on.engine.stats('orders')).deadLetters, 0);
    });
  });

  describe('events', () => {
    test('tell of a queue that is created, changed and removed, each once', async () => {
      const told = listen(on);
      await on.engine.declare('orders', bound);
      await on.engine.declare('orders', bound);
      await on.engine.declare('orders', { paused: true });
      await on.engine.remove('orders');
      assert.deepEqual(told, [
        ['orders', 'created'],
        ['orders', 'changed'],
        ['orders', 'removed'],
      ]);
    });

    test('tell of consumers that join and leave', async () => {
      await on.engine.declare('orders', bound);
      const told = listen(on);
      const { consumption } = await on.consume('orders', 1, 'worker');
      consumption.stop();
      consumption.stop();
      await on.engine.lease('orders', { consumerId: 'puller', max: 1, waitMs: 0 });
      on.clock.advance(pollGraceMs);
      assert.deepEqual(told, [
        ['orders', 'consumer-joined', 'worker', 'push'],
        ['orders', 'consumer-left', 'worker', 'push'],
        ['orders', 'consumer-joined', 'puller', 'pull'],
        ['orders', 'consumer-left', 'puller', 'pull'],
      ]);
    });

    test('tell once of one who polls again and again, and count it all the time', async () => {
      await on.engine.declare('orders', bound);
      const told = listen(on);
      for (let poll = 0; poll < 5; poll++) {
        const answer = on.engine.lease('orders', { consumerId: 'puller', max: 1, waitMs: 1_000 });
        on.clock.advance(1_000);
        assert.deepEqual(await answer, []);
        on.clock.advance(pollGraceMs - 1);
        assert.equal((await on.engine.stats('orders')).consumers, 1);
      }
      assert.deepEqual(told, [['orders', 'consumer-joined', 'puller', 'pull']]);
      on.clock.advance(1);
      assert.deepEqual(told.at(-1), ['orders', 'consumer-left', 'puller', 'pull']);
      assert.deepEqual(await on.engine.consumers('orders'), []);
    });

    test('tell at once of one who is idle and is not expected again', async () => {
      await on.engine.declare('orders', bound);
      const told = listen(on);
      await on.engine.lease('orders', { consumerId: 'passer-by', max: 1, waitMs: 0, comesAgain: false });
      assert.deepEqual(told.at(-1), ['orders', 'consumer-left', 'passer-by', 'pull']);
      assert.equal((await on.engine.stats('orders')).consumers, 0);
    });

    test('tell at once of one who leaves', async () => {
      await on.engine.declare('orders', bound);
      await on.engine.lease('orders', { consumerId: 'puller', max: 1, waitMs: 0 });
      await on.engine.leave('orders', 'puller');
      assert.deepEqual(await on.engine.consumers('orders'), []);
    });

    test('tell of a message that dies: why, after how many tries, and whether it is kept', async () => {
      await on.engine.declare('orders.dead', {});
      await on.engine.declare('orders', { ...bound, maxDeliveries: 1 });
      const { consumer } = await on.consume('orders', 1);
      const told = listen(on);
      await on.send('a');
      const { sequence } = await consumer.delivery(1);
      consumer.deliveries[0].settle(failed);
      await on.engine.declare('orders', { deadLetter: null });
      await on.send('b');
      await consumer.delivery(2);
      consumer.deliveries[1].settle(rejected);
      await turns();
      const deaths = told.filter(([, kind]) => kind === 'dead').map(([, , ...detail]) => detail);
      assert.deepEqual(deaths, [
        [sequence, failed.code, failed.reason, 1, true],
        [consumer.deliveries[1].sequence, rejected.code, rejected.reason, 1, false],
      ]);
    });
  });
}
