import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Answers, FakeBroker } from './testing/fake-broker.ts';
import { run } from './testing/fake-server.ts';

const message = (messageId: number, payload: string | Buffer, userProperties?: Record<string, string>) => ({
  topic: 'a/b',
  payload,
  qos: 1 as const,
  dup: false,
  retain: false,
  messageId,
  properties: userProperties && { userProperties },
});

async function subscribe(answers: Answers, argv: readonly string[]) {
  const broker = new FakeBroker(answers);
  const url = await broker.start();
  try {
    return { ...(await run(['sub', ...argv], { env: { SLUICE_MQTT_URL: url } })), broker };
  } finally {
    await broker.stop();
  }
}

test('sub --count ends after so many messages, acknowledges them and no more', async () => {
  const answers = { messages: [message(1, 'one'), message(2, 'two'), message(3, 'three')] };
  const { status, out, broker } = await subscribe(answers, ['a/#', '--count', '2']);
  assert.equal(status, 0);
  assert.equal(out, 'a/b one\na/b two');
  assert.deepEqual(
    broker.of('puback').map((packet) => packet.messageId),
    [1, 2],
  );
  assert.equal(broker.of('connect')[0].properties?.receiveMaximum, 2);
  assert.equal(broker.of('disconnect').length, 1);
});

test('sub shows where in its queue a message is, and which attempt this is', async () => {
  const messages = [message(1, 'job', { 'sluice-queue': 'jobs', 'sluice-seq': '17', 'sluice-attempt': '2' })];
  const { out, broker } = await subscribe({ messages }, ['$queue/jobs', '-n', '1']);
  assert.equal(out, 'a/b [17, attempt 2] job');
  assert.equal(broker.of('subscribe')[0].subscriptions[0].topic, '$queue/jobs');
});

test('sub --property goes with the subscription, as a group of a log is told where to start', async () => {
  const argv = ['$stream/readings/reports', '-n', '1', '--property', 'start=earliest'];
  const { broker } = await subscribe({ messages: [message(1, 'reading')] }, argv);
  assert.deepEqual({ ...broker.of('subscribe')[0].properties?.userProperties }, { start: 'earliest' });
});

test('sub --json prints text as text and bytes as base64', async () => {
  const messages = [message(1, 'text', { k: 'v' }), message(2, Buffer.from([0xff, 0]))];
  const { out } = await subscribe({ messages }, ['a/#', '-n', '2', '--json']);
  const [first, second] = out.split('\n').map((line) => JSON.parse(line));
  assert.deepEqual(first, {
    topic: 'a/b',
    payload: 'text',
    encoding: 'utf8',
    qos: 1,
    retain: false,
    userProperties: { k: 'v' },
  });
  assert.deepEqual([second.payload, second.encoding], ['/wA=', 'base64']);
});

test('what a device sent does not steer the terminal', async () => {
  const { out } = await subscribe({ messages: [message(1, '\u001b[2J')] }, ['a/#', '-n', '1']);
  assert.equal(out, 'a/b \\x1b[2J');
});

test('a refused subscription is an error with the reason of the server', async () => {
  const suback = { code: 0x8f, reasonString: 'The queue "jobs" does not exist' };
  const { status, err } = await subscribe({ suback }, ['$queue/jobs']);
  assert.deepEqual(
    { status, err },
    { status: 1, err: 'Cannot subscribe to "$queue/jobs": The queue "jobs" does not exist' },
  );
  const plain = await subscribe({ suback: { code: 0x87 } }, ['secret/#']);
  assert.equal(plain.err, 'Cannot subscribe to "secret/#": Not authorized');
});

test('sub fails when the connection closes without an answer', async () => {
  const { status, err } = await subscribe({ dropAt: 'subscribe' }, ['a/#']);
  assert.deepEqual({ status, err }, { status: 1, err: 'Lost the connection: the server closed the connection' });
});

test('sub refuses a filter that nobody can subscribe to before it connects', async () => {
  for (const filter of ['a/#/b', '']) {
    const { status, broker } = await subscribe({}, [filter]);
    assert.equal(status, 2);
    assert.equal(broker.of('connect').length, 0);
  }
});

test('a lost connection is an error', async () => {
  const broker = new FakeBroker();
  const url = await broker.start();
  const running = run(['sub', 'a/#', '--mqtt-url', url]);
  await broker.subscribed;
  broker.drop();
  const { status, err } = await running;
  await broker.stop();
  assert.deepEqual({ status, err }, { status: 1, err: 'Lost the connection: the server closed the connection' });
});
