import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { test } from 'node:test';
import type { Terminal } from './command.ts';
import { type Answers, FakeBroker } from './testing/fake-broker.ts';
import { run } from './testing/fake-server.ts';

async function publish(answers: Answers, argv: readonly string[], surroundings: Partial<Terminal> = {}) {
  const broker = new FakeBroker(answers);
  const url = await broker.start();
  try {
    return { ...(await run(['pub', ...argv], { env: { SLUICE_MQTT_URL: url }, ...surroundings })), broker };
  } finally {
    await broker.stop();
  }
}

test('pub publishes one message with QoS 1 and says goodbye', async () => {
  const { status, out, err, broker } = await publish({}, ['a/b', '-m', 'hello', '--property', 'k=v=w', '--retain']);
  assert.deepEqual({ status, out, err }, { status: 0, out: '', err: '' });
  const [packet] = broker.of('publish');
  assert.equal(packet.topic, 'a/b');
  assert.equal(packet.payload.toString(), 'hello');
  assert.equal(packet.qos, 1);
  assert.equal(packet.retain, true);
  assert.deepEqual({ ...packet.properties?.userProperties }, { k: 'v=w' });
  assert.equal(broker.of('disconnect').length, 1);
});

test('pub logs in with the name and password that it was given', async () => {
  const { broker } = await publish({}, ['a', '-m', 'x', '-u', 'd-1', '-P', 'secret']);
  const [packet] = broker.of('connect');
  assert.equal(packet.username, 'd-1');
  assert.equal(packet.password?.toString(), 'secret');
});

test('pub --file sends the bytes of the file', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'sluice-pub-'));
  await writeFile(join(cwd, 'payload'), Buffer.from([0, 0xff, 10]));
  const { broker } = await publish({}, ['a', '--file', 'payload'], { cwd });
  await rm(cwd, { recursive: true });
  assert.deepEqual(broker.of('publish')[0].payload, Buffer.from([0, 0xff, 10]));
});

test('pub --stdin sends each line in order, more of them than may be on their way at once', async () => {
  const lines = Array.from({ length: 250 }, (_, index) => `line ${index}`);
  const { status, broker } = await publish({}, ['a', '--stdin'], { stdin: Readable.from(`${lines.join('\n')}\n`) });
  assert.equal(status, 0);
  assert.deepEqual(
    broker.of('publish').map((packet) => packet.payload.toString()),
    lines,
  );
});

test('pub fails with the reason when the message is refused', async () => {
  const { status, err } = await publish({ puback: () => 0x97 }, ['a', '-m', 'x']);
  assert.deepEqual({ status, err }, { status: 1, err: 'Cannot publish to "a": Quota exceeded' });
  const answers = { puback: () => 0x87, pubackReason: 'Not allowed to publish to "a"' };
  const told = await publish(answers, ['a', '-m', 'x']);
  assert.deepEqual({ status: told.status, err: told.err }, { status: 1, err: 'Not allowed to publish to "a"' });
  const other = await publish({ puback: () => 0x87, pubackReason: 'Register it first' }, ['a', '-m', 'x']);
  assert.equal(other.err, 'Cannot publish to "a": Register it first');
});

test('pub ends when a message is refused while it waits for the next line', async () => {
  const stdin = new PassThrough();
  stdin.write('one\n');
  const { status, err } = await publish({ puback: () => 0x97 }, ['a', '--stdin'], { stdin });
  const lines = 'Of the lines 0 are acknowledged; up to 100 behind them may have arrived.';
  assert.deepEqual({ status, err }, { status: 1, err: `${lines}\nCannot publish to "a": Quota exceeded` });
});

test('pub says how many lines were acknowledged when one is refused', async () => {
  let answers = 0;
  const stdin = Readable.from('one\ntwo\nthree\n');
  const { status, err } = await publish({ puback: () => (++answers === 3 ? 0x97 : 0) }, ['a', '--stdin'], { stdin });
  assert.equal(status, 1);
  assert.match(err, /^Of the lines 2 are acknowledged; /);
});

test('pub fails when the connection closes without an answer', async () => {
  for (const qos of ['1', '2']) {
    const { status, err } = await publish({ dropAt: 'publish' }, ['a', '-m', 'x', '--qos', qos]);
    assert.deepEqual({ status, err }, { status: 1, err: 'Lost the connection: the server closed the connection' });
  }
});

test('pub --file with a file that is not there says so', async () => {
  const { status, err } = await publish({}, ['a', '--file', 'none'], { cwd: tmpdir() });
  assert.deepEqual({ status, err }, { status: 1, err: 'Cannot read "none": there is no such file' });
});

test('pub fails with the reason when the login is refused', async () => {
  const { status, err } = await publish({ connack: 0x86 }, ['a', '-m', 'x', '-u', 'ann', '-P', 'wrong']);
  assert.equal(status, 1);
  assert.match(err, /^Cannot connect to mqtt:\/\/127\.0\.0\.1:\d+.*: Connection refused: Bad User Name or Password$/);
  for (const connack of [0x86, 0x87]) {
    const nobody = await publish({ connack }, ['a', '-m', 'x']);
    assert.match(nobody.err, /: Connection refused: .*; log in by -u NAME and -P PASSWORD$/);
  }
  const busy = await publish({ connack: 0x89 }, ['a', '-m', 'x']);
  assert.match(busy.err, /: Connection refused: Server busy$/);
});

test('where nothing listens, how to say another place is told', async () => {
  const mqtt = await run(['pub', 'a', '-m', 'x', '--mqtt-url', 'mqtt://127.0.0.1:2']);
  assert.match(mqtt.err, /^Cannot connect to mqtt:.*: nothing listens there; start it .*--mqtt-url, SLUICE_MQTT_URL$/);
  const api = await run(['queue', 'list', '--url', 'http://127.0.0.1:2']);
  assert.match(api.err, /nothing listens there; start it .*--url, SLUICE_URL$/);
});

test('pub takes exactly one source of payloads', async () => {
  const { status, err } = await run(['pub', 'a', '-m', 'x', '--stdin']);
  assert.equal(status, 2);
  assert.match(err, /^Give one of --message, --file and --stdin: met 2 of them/);
});

test('pub refuses a topic that nobody can publish to before it connects', async () => {
  for (const topic of ['a/#', '']) {
    const { status, err, broker } = await publish({}, [topic, '-m', 'x']);
    assert.equal(status, 2);
    assert.match(err, /topic name/);
    assert.equal(broker.of('connect').length, 0);
  }
});
