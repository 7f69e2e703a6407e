import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Server, startServer } from '../server.ts';
import { missing, Program } from './program.ts';

const skip = missing('/usr/bin/curl', 'curl');

async function curl<T>(server: Server, path: string, body: object): Promise<T> {
  const options = ['--silent', '--show-error', '--fail-with-body', '--json', JSON.stringify(body)];
  const { code, stdout, stderr } = await new Program('/usr/bin/curl', [...options, `${server.httpUrl}${path}`]).ended;
  assert.equal(code, 0, `${stdout}\n${stderr}`);
  return JSON.parse(stdout) as T;
}

interface Leased {
  readonly messages: readonly { readonly token: string; readonly payload: string; readonly attempt: number }[];
}

interface Results {
  readonly results: readonly { readonly ok: boolean }[];
}

test('curl publishes, leases, extends, gives back and acknowledges', { skip }, async (t) => {
  const server = await startServer(t);
  await curl(server, '/v1/queues', { name: 'jobs', options: { bindings: [{ filter: 'jobs/#' }] } });
  const messages = [{ topic: 'jobs/a', payload: { n: 1 } }];
  assert.deepEqual((await curl<Results>(server, '/v1/messages', { messages })).results, [{ ok: true }]);
  const lease = () => curl<Leased>(server, '/v1/queues/jobs/lease', { max: 5, waitSeconds: 5 });
  const settle = (path: string, body: object) => curl<Results>(server, `/v1/queues/jobs/${path}`, body);
  const [first] = (await lease()).messages;
  assert.equal(first.payload, '{"n":1}');
  const held = { tokens: [first.token] };
  assert.equal((await settle('extend', { ...held, leaseSeconds: 60 })).results[0].ok, true);
  assert.equal((await settle('nack', { ...held, mode: 'released' })).results[0].ok, true);
  const [second] = (await lease()).messages;
  assert.equal(second.attempt, 1);
  assert.equal((await settle('ack', { tokens: [second.token] })).results[0].ok, true);
  assert.deepEqual((await curl<Leased>(server, '/v1/queues/jobs/lease', {})).messages, []);
});

test('curl follows the deliveries of a queue, and what it held goes back when it is killed', { skip }, async (t) => {
  const server = await startServer(t);
  await curl(server, '/v1/queues', { name: 'jobs', options: {} });
  const follower = new Program('/usr/bin/curl', [
    '--silent',
    '--no-buffer',
    `${server.httpUrl}/v1/queues/jobs/deliveries`,
  ]);
  await follower.says(': open');
  await curl(server, '/v1/queues/jobs/messages', { messages: [{ payload: 'followed' }] });
  await follower.says('"payload":"followed"');
  follower.kill();
  const { stdout } = await follower.ended;
  assert.match(stdout, /^event: message\nid: 1\ndata: \{"token":/m);
  const { messages } = await curl<Leased>(server, '/v1/queues/jobs/lease', { waitSeconds: 20 });
  assert.deepEqual(
    messages.map(({ payload, attempt }) => [payload, attempt]),
    [['followed', 1]],
  );
});
