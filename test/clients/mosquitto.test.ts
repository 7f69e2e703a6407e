import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Server, startServer } from '../server.ts';
import { startListeners, testAuthority } from './listeners.ts';
import { missing, Program } from './program.ts';

const skip = missing('/usr/bin/mosquitto_sub', 'mosquitto-clients');

/** For every test that needs no listener of its own: topics and queues have the names of their tests. */
const open = startServer({ after });

function sub(server: Server, ...args: string[]): Program {
  // Its output goes by lines, as on a terminal; into a pipe it would come in blocks.
  return new Program('/usr/bin/stdbuf', [
    '-oL',
    '/usr/bin/mosquitto_sub',
    '-p',
    String(server.mqttPort),
    '-d',
    ...args,
  ]);
}

async function pub(server: Server, ...args: string[]): Promise<void> {
  const { code, stderr } = await new Program('/usr/bin/mosquitto_pub', ['-p', String(server.mqttPort), ...args]).ended;
  assert.equal(code, 0, stderr);
}

for (const version of ['mqttv311', 'mqttv5']) {
  for (const qos of ['0', '1', '2']) {
    test(`mosquitto_pub and mosquitto_sub, ${version}, QoS ${qos}`, { skip }, async () => {
      const server = await open;
      const room = `room-${version}-${qos}`;
      const subscriber = sub(server, '-V', version, '-q', qos, '-t', `${room}/+`, '-C', '2', '-F', '%t=%p/%q');
      await subscriber.says('SUBACK');
      await pub(server, '-V', version, '-q', qos, '-t', `${room}/a`, '-m', 'one');
      await pub(server, '-V', version, '-q', qos, '-t', `${room}/b`, '-m', 'two');
      const { code, stdout } = await subscriber.ended;
      assert.equal(code, 0);
      assert.match(stdout, new RegExp(`${room}/a=one/${qos}`));
      assert.match(stdout, new RegExp(`${room}/b=two/${qos}`));
    });
  }

  test(`mosquitto clients, ${version}: retained message, will, and a queue shared by two`, { skip }, async () => {
    const server = await open;
    await pub(server, '-V', version, '-q', '1', '-r', '-t', 'kept', '-m', 'retained');
    const greeted = await sub(server, '-V', version, '-t', 'kept', '-C', '1').ended;
    assert.match(greeted.stdout, /retained/);

    const watcher = sub(server, '-V', version, '-t', 'will', '-C', '1');
    await watcher.says('SUBACK');
    const dying = sub(server, '-V', version, '-t', 'x', '--will-topic', 'will', '--will-payload', 'gone');
    await dying.says('SUBACK');
    dying.kill();
    assert.match((await watcher.ended).stdout, /gone/);

    const queue = `shared-${version}`;
    await server.api('POST', '/v1/queues', { name: queue, options: { bindings: [{ filter: `${queue}/#` }] } });
    const workers = [0, 1].map(() => sub(server, '-V', version, '-q', '1', '-t', `$queue/${queue}`, '-F', 'got %p'));
    for (const worker of workers) await worker.says('SUBACK');
    const messages = Array.from({ length: 20 }, (_, i) => `job-${i};`);
    for (const message of messages) await pub(server, '-V', version, '-q', '1', '-t', `${queue}/a`, '-m', message);
    // Whoever gets it: each job is worked once.
    const taken = messages.map((message) => Promise.any(workers.map((worker) => worker.says(`got ${message}`))));
    await Promise.all(taken);
    for (const worker of workers) worker.kill();
    const outputs = await Promise.all(workers.map((worker) => worker.ended));
    const got = outputs.flatMap(({ stdout }) => [...stdout.matchAll(/got (job-\d+;)/g)].map(([, job]) => job));
    assert.deepEqual(got.sort(), messages.sort());
    for (const { stdout } of outputs) assert.match(stdout, /got job-/);
  });
}

test('what the server tells of itself greets mosquitto_sub under the names that Mosquitto uses', {
  skip,
}, async (t) => {
  // Of its own: it counts the clients.
  const server = await startServer(t);
  const topics = ['version', 'uptime', 'clients/connected', 'bytes/sent', 'load/sockets/1min'];
  const expected = [/^sluice version \d/, /^\d+ seconds$/, /^1$/, /^[1-9]\d*$/, /^\d+\.\d\d$/];
  const filters = topics.flatMap((topic) => ['-t', `$SYS/broker/${topic}`]);
  const { stdout } = await sub(server, ...filters, '-C', String(topics.length), '-F', 'got %t %p').ended;
  const values = new Map(
    [...stdout.matchAll(/^got \$SYS\/broker\/(\S+) (.*)$/gm)].map(([, topic, value]) => [topic, value]),
  );
  topics.forEach((topic, i) => {
    assert.match(values.get(topic) ?? '', expected[i], topic);
  });
});

test('mosquitto_sub consumes a queue by the filter that feeds it, and reads why a message is a dead letter', {
  skip,
}, async () => {
  const server = await open;
  const options = { bindings: [{ filter: 'jobs/#' }], maxDeliveries: 1 };
  await server.api('POST', '/v1/queues', { name: 'jobs', options });
  await pub(server, '-V', 'mqttv5', '-q', '1', '-t', 'jobs/a', '-m', 'one');
  const consumed = await sub(server, '-V', 'mqttv5', '-q', '1', '-t', '$q/jobs/#', '-C', '1', '-F', 'got %p of %t; %P')
    .ended;
  assert.match(consumed.stdout, /got one of jobs\/a; .*sluice-queue:jobs/);

  await pub(server, '-V', 'mqttv5', '-q', '1', '-t', 'jobs/a', '-m', 'two');
  const { messages } = await server.api<{ messages: { token: string }[] }>('POST', '/v1/queues/jobs/lease', {
    waitSeconds: 20,
  });
  await server.api('POST', '/v1/queues/jobs/nack', { tokens: [messages[0].token], code: 'torn', reason: 'No paper' });
  const dead = sub(server, '-V', 'mqttv5', '-q', '1', '-t', '$queue/jobs.dead', '-C', '1', '-F', 'got %p; %P');
  const { stdout } = await dead.ended;
  assert.match(stdout, /got two; /);
  for (const [name, value] of [
    ['source', 'jobs'],
    ['reason', 'torn'],
    ['last-error', 'No paper'],
    ['attempts', '1'],
  ]) {
    assert.match(stdout, new RegExp(`sluice-dead-${name}:${value}`));
  }
});

test('mosquitto_sub reads a log from its beginning, in a group of its own', { skip }, async () => {
  const server = await open;
  const options = { kind: 'log', bindings: [{ filter: 'news' }] };
  await server.api('POST', '/v1/queues', { name: 'news', options });
  for (const text of ['one', 'two']) await pub(server, '-V', 'mqttv5', '-q', '1', '-t', 'news', '-m', text);
  for (const group of ['first', 'second']) {
    const start = ['-D', 'subscribe', 'user-property', 'start', 'earliest'];
    const reader = sub(
      server,
      '-V',
      'mqttv5',
      '-q',
      '1',
      '-t',
      `$stream/news/${group}`,
      ...start,
      '-C',
      '2',
      '-F',
      'got %p',
    );
    assert.match((await reader.ended).stdout, /got one\n(?:.*\n)*?got two/);
  }
});

test('a subscription to a queue that does not exist is refused in the SUBACK', { skip }, async () => {
  const server = await open;
  const { stdout, stderr } = await sub(server, '-V', 'mqttv5', '-q', '1', '-t', '$queue/none').ended;
  assert.match(stdout + stderr, /denied|rejected|143/i);
});

const authority = testAuthority();
const started = startListeners(authority);
const device = authority.issue('device-7');
const trusting = ['-h', 'localhost', '--cafile', authority.caFile];
const known = ['--cert', device.certFile, '--key', device.keyFile];

for (const [listener, files] of [
  ['tls', trusting],
  ['mutual', [...trusting, ...known]],
] as const) {
  for (const version of ['mqttv311', 'mqttv5']) {
    test(`mosquitto clients, ${version}, over TLS on the listener ${listener}`, { skip }, async () => {
      const server = await started;
      const options = ['-V', version, '-p', String(server.listeners[listener]), ...files, '-q', '2', '-t', 'room/a'];
      const subscriber = sub(server, ...options, '-C', '1', '-F', '%t=%p/%q');
      await subscriber.says('SUBACK');
      await pub(server, ...options, '-m', 'secret');
      assert.match((await subscriber.ended).stdout, /room\/a=secret\/2/);
    });
  }
}

test('mosquitto_pub without a certificate is refused where one is required', { skip }, async () => {
  const server = await started;
  const options = ['-p', String(server.listeners.mutual), ...trusting, '-t', 't', '-m', 'x'];
  const { code } = await new Program('/usr/bin/mosquitto_pub', options).ended;
  assert.notEqual(code, 0);
});
