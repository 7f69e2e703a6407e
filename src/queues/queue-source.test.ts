import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { type SluiceError, withRemedy } from '../errors.ts';
import { TestEngine } from './embedded/testing/test-engine.ts';
import { QueueSink } from './queue-sink.ts';
import { QueueSource } from './queue-source.ts';
import { messageOf, publish, RecordingConsumer } from './testing/recording-consumer.ts';

let under: TestEngine;
let source: QueueSource;
beforeEach(async () => {
  under = await new TestEngine().open();
  source = new QueueSource(under.engine);
});
afterEach(() => under.close());

test('it claims queue filters and no others', () => {
  assert.deepEqual(
    ['$queue/a', '$q/a/#', '$stream/a/g', '$stream/a', 'a', '$queue', '$share/g/a', '$SYS/q/a'].map((filter) =>
      source.claims(filter),
    ),
    [true, true, true, true, false, false, false, false],
  );
});

test('a queue is found by its name and by the filter that it is bound to', async () => {
  await under.engine.declare('orders', { bindings: [{ filter: 'orders/#' }, { filter: 'returns' }] });
  const expected = { queue: 'orders', filters: ['orders/#', 'returns'] };
  assert.deepEqual(await source.resolve('$queue/orders'), expected);
  assert.deepEqual(await source.resolve('$q/orders/#'), expected);
});

test('of several queues with that binding the oldest is meant', async () => {
  await under.engine.declare('z', { bindings: [{ filter: 'a' }] });
  under.clock.advance(1);
  await under.engine.declare('b', { bindings: [{ filter: 'a' }] });
  assert.equal((await source.resolve('$q/a')).queue, 'z');
});

test('a queue that is not there is refused with what is missing', async () => {
  await under.engine.declare('orders', { bindings: [{ filter: 'orders/#' }] });
  await assert.rejects(source.resolve('$queue/order'), { code: 'queue_not_found', message: /no queue "order"/ });
  await assert.rejects(source.resolve('$q/orders/new'), { code: 'queue_not_found', message: /exactly "orders\/new"/ });
  const consumer = new RecordingConsumer();
  await assert.rejects(source.consume('$queue/order', consumer, { credit: 1 }), { code: 'queue_not_found' });
});

test('reading dead letters needs the rights to the topics of the queues that they come from', async () => {
  await under.engine.declare('orders', { bindings: [{ filter: 'orders/#' }], deadLetter: 'failed' });
  await under.engine.declare('returns', { bindings: [{ filter: 'returns' }], deadLetter: 'failed' });
  await under.engine.declare('failed', { bindings: [{ filter: 'own' }], deadLetter: 'hopeless' });
  await under.engine.declare('hopeless', { deadLetter: null });
  assert.deepEqual((await source.resolve('$queue/failed')).filters, ['own', 'orders/#', 'returns']);
  assert.deepEqual((await source.resolve('$queue/hopeless')).filters, ['own', 'orders/#', 'returns']);
});

test('what feeds a queue follows every change of the queues', async () => {
  const { engine } = under;
  const needed = async (): Promise<readonly string[]> => (await source.resolve('$queue/failed')).filters;
  await engine.declare('failed', { deadLetter: null });
  assert.deepEqual(await needed(), ['#']);
  await engine.declare('orders', { bindings: [{ filter: 'orders/#' }], deadLetter: 'failed' });
  assert.deepEqual(await needed(), ['orders/#']);
  assert.equal((await source.resolve('$q/orders/#')).queue, 'orders');
  await engine.declare('orders', { bindings: [{ filter: 'returns' }] });
  assert.deepEqual(await needed(), ['returns']);
  await assert.rejects(source.resolve('$q/orders/#'), { code: 'queue_not_found' });
  await engine.declare('orders', { deadLetter: null });
  assert.deepEqual(await needed(), ['#']);
  await engine.remove('orders');
  await assert.rejects(source.resolve('$queue/orders'), { code: 'queue_not_found' });
});

test('a queue that no topic feeds needs the right to every topic', async () => {
  await under.engine.declare('named', {});
  assert.deepEqual((await source.resolve('$queue/named')).filters, ['#']);
});

test('it is told in the same turn when other filters feed a queue', async () => {
  let told = 0;
  source.onFeedingChanged(() => told++);
  const { engine } = under;
  const toldBy = async (change: () => Promise<unknown>): Promise<boolean> => {
    const before = told;
    const done = change();
    const isTold = told > before;
    await done;
    return isTold;
  };
  await engine.declare('failed', { deadLetter: null });
  assert.equal(await toldBy(() => engine.declare('a', { bindings: [{ filter: 'a' }] })), true);
  assert.equal(await toldBy(() => engine.declare('a', { paused: true })), false);
  assert.equal(await toldBy(() => engine.declare('a', { deadLetter: 'failed' })), true);
  assert.equal(await toldBy(() => engine.declare('a', { bindings: [{ filter: 'b' }] })), true);
  assert.equal(await toldBy(() => engine.remove('a')), true);
});

test('what the sink takes, the source delivers', async () => {
  await under.engine.declare('orders', { bindings: [{ filter: 'orders/#' }] });
  const consumer = new RecordingConsumer();
  await source.consume('$queue/orders', consumer, { credit: 1 });
  await publish(new QueueSink(under.engine).route('orders/1'), messageOf('x', { topic: 'orders/1' }));
  assert.equal((await consumer.delivery(1)).message.topic, 'orders/1');
});

test('a log is consumed as one of a group, from the place that the subscription names', async () => {
  await under.engine.declare('audit', { kind: 'log', bindings: [{ filter: 'orders/#' }] });
  const publishAll = (...payloads: string[]): Promise<unknown> =>
    Promise.all(payloads.map((payload) => publish(under.engine.route('orders/new'), messageOf(payload))));
  await publishAll('1', '2');
  assert.deepEqual(await source.resolve('$stream/audit/billing'), { queue: 'audit', filters: ['orders/#'] });
  const cases: [string, string | undefined, string[]][] = [
    ['latest', undefined, ['3']],
    ['earliest', 'earliest', ['1', '2', '3']],
    ['sequence', '2', ['2', '3']],
    ['time', new Date(under.clock.now() - 1_000).toISOString(), ['1', '2', '3']],
  ];
  const consumers = new Map<string, RecordingConsumer>();
  for (const [group, start] of cases) {
    const consumer = new RecordingConsumer(group);
    const properties = start === undefined ? undefined : [['start', start] as const];
    await source.consume(`$stream/audit/${group}`, consumer, { credit: 10, properties });
    consumers.set(group, consumer);
  }
  await publishAll('3');
  for (const [group, , expected] of cases) {
    await consumers.get(group)?.delivery(expected.length);
    assert.deepEqual(consumers.get(group)?.payloads, expected, group);
  }
});

test('a stream is refused without a group, for what is no log, and from a place that is none', async () => {
  await under.engine.declare('audit', { kind: 'log', bindings: [{ filter: 'orders/#' }] });
  await under.engine.declare('work', { bindings: [{ filter: 'work' }] });
  const refused: [string, string, RegExp][] = [
    ['$stream/audit', 'invalid_filter', /expected \$stream\/<log>\/<group>/],
    ['$stream/audit/a/b', 'invalid_filter', /expected/],
    ['$stream/nothing/g', 'queue_not_found', /there is no log "nothing"/],
    ['$stream/work/g', 'invalid_argument', /it is a work queue: subscribe to \$queue\/work/],
    ['$queue/audit', 'invalid_argument', /it is a log: subscribe to \$stream\/audit\/<group>/],
    ['$q/orders/#', 'invalid_argument', /it is a log/],
  ];
  for (const [filter, code, message] of refused) await assert.rejects(source.resolve(filter), { code, message });
  await assert.rejects(source.resolve('$stream/nothing/g'), (problem: SluiceError) =>
    withRemedy(problem).message.endsWith('make it with `sluice queue create nothing --kind log --bind FILTER`'),
  );
  const bad = { credit: 1, properties: [['start', 'yesterday'] as const] };
  await assert.rejects(source.consume('$stream/audit/g', new RecordingConsumer(), bad), {
    code: 'invalid_argument',
    message: /Cannot start at "yesterday"/,
  });
  await assert.rejects(source.consume('$stream/audit/a b', new RecordingConsumer(), { credit: 1 }), {
    code: 'invalid_argument',
    message: /a name takes/,
  });
  assert.deepEqual(await under.engine.groups('audit'), []);
});
