import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { startServer } from './server.ts';

const ann = { name: 'ann', password: 'old secret', rules: [{ action: 'all', filter: 'a/#' }] };

async function startWithConfig(t: TestContext, name: string, content: string) {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-reload-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, name);
  writeFileSync(file, content);
  const server = await startServer(t, ['--config', file]);
  const connect = async (options: IClientOptions): Promise<MqttClient> => {
    const client = await connectAsync(server.mqttUrl, { protocolVersion: 5, reconnectPeriod: 0, ...options });
    t.after(() => client.end(true));
    return client;
  };
  return { server, file, connect };
}

function reasonOfEnd(client: MqttClient): Promise<number | undefined> {
  return new Promise((resolve) => client.once('disconnect', ({ reasonCode }) => resolve(reasonCode)));
}

test('SIGHUP takes over another access section, and ends connections that lost their right', async (t) => {
  const config = (access: object): string => JSON.stringify({ access });
  const { server, file, connect } = await startWithConfig(t, 'a.json', config({ users: [ann] }));
  const client = await connect({ username: 'ann', password: 'old secret' });
  writeFileSync(file, config({ users: [{ ...ann, password: 'new secret' }] }));
  const end = reasonOfEnd(client);
  server.signal('SIGHUP');
  assert.equal(await end, 0x87);
  await assert.rejects(connect({ username: 'ann', password: 'old secret' }), { code: 0x87 });
  await connect({ username: 'ann', password: 'new secret' });
});

test('a file with errors changes nothing and is logged; what waits for the next start is named', async (t) => {
  const { server, file, connect } = await startWithConfig(t, 'a.json', JSON.stringify({ access: { users: [ann] } }));
  const client = await connect({ username: 'ann', password: 'old secret' });
  writeFileSync(file, '{ "access": { "users": [ { "name": "ann" } ] } }');
  server.signal('SIGHUP');
  assert.match(await server.logged(/Configuration not read again/), /Cannot leave out access\.users\[0\]\.password/);
  writeFileSync(file, JSON.stringify({ mqtt: { inflightMax: 7 }, access: { users: [ann] } }));
  server.signal('SIGHUP');
  assert.match(await server.logged(/Configuration read again/), /"changedAtNextStart":\["mqtt\.inflightMax"\]/);
  await client.publishAsync('a/x', 'still here', { qos: 1 });
});

test('a config file that was found in the working directory and is gone at SIGHUP changes nothing', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-reload-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'sluice.config.json');
  writeFileSync(file, JSON.stringify({ access: { anonymous: 'never', users: [ann] } }));
  const server = await startServer(t, [], folder);
  rmSync(file);
  server.signal('SIGHUP');
  assert.match(await server.logged(/Configuration not read again/), /there is no such file/);
  await assert.rejects(connectAsync(server.mqttUrl, { protocolVersion: 5, reconnectPeriod: 0 }), { code: 0x87 });
});

test('a config file that is a module is read again too', async (t) => {
  const config = (password: string): string =>
    `export default { access: { users: [{ name: 'ann', password: '${password}' }] } };`;
  const { server, file, connect } = await startWithConfig(t, 'a.config.ts', config('old secret'));
  const client = await connect({ username: 'ann', password: 'old secret' });
  const end = reasonOfEnd(client);
  writeFileSync(file, config('new secret'));
  server.signal('SIGHUP');
  assert.equal(await end, 0x87);
  await connect({ username: 'ann', password: 'new secret' });
});

test('a device whose password is replaced over HTTP, or that is retired, is disconnected', async (t) => {
  const { server, connect } = await startWithConfig(t, 'a.json', '{ "deviceTypes": { "meter": {} } }');
  await server.api('PUT', '/v1/devices/d1', { type: 'meter' });
  const credentials = () => server.api<{ password: string }>('POST', '/v1/devices/d1/credentials', {});
  const first = await connect({ username: 'd1', password: (await credentials()).password });
  const firstEnd = reasonOfEnd(first);
  const { password } = await credentials();
  assert.equal(await firstEnd, 0x87);
  const second = await connect({ username: 'd1', password });
  const secondEnd = reasonOfEnd(second);
  await server.api('PUT', '/v1/devices/d1', { type: 'meter', retired: true });
  assert.equal(await secondEnd, 0x87);
  await assert.rejects(connect({ username: 'd1', password }), { code: 0x87 });
});

test('what somebody had retained greets nobody once the right is taken away, over a restart too', async (t) => {
  const config = (...rules: object[]): string =>
    JSON.stringify({
      access: {
        users: [
          { name: 'ann', password: 'secret', rules },
          { name: 'reader', password: 'secret', rules: [{ action: 'all', filter: '#' }] },
        ],
      },
    });
  const all = { action: 'all', filter: 'a/#' };
  const { server, file, connect } = await startWithConfig(t, 'a.json', config(all));
  const greetings = async (): Promise<string[]> => {
    const client = await connect({ username: 'reader', password: 'secret' });
    const topics: string[] = [];
    const last = new Promise<void>((resolve) => {
      client.on('message', (topic) => (topic === 'z' ? resolve() : topics.push(topic)));
    });
    await client.publishAsync('z', 'last', { qos: 1, retain: true });
    await client.subscribeAsync('#', { qos: 1 });
    await last;
    await client.endAsync();
    return topics;
  };
  const ann = await connect({ username: 'ann', password: 'secret' });
  await ann.publishAsync('a/mqtt', 'x', { qos: 1, retain: true });
  const response = await fetch(`${server.httpUrl}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Basic ${btoa('ann:secret')}` },
    body: JSON.stringify({ messages: [{ topic: 'a/http', payload: 'x', retain: true }] }),
  });
  assert.equal(response.status, 200);
  assert.deepEqual(await greetings(), ['a/http', 'a/mqtt']);
  writeFileSync(file, config({ ...all, action: 'subscribe' }));
  server.signal('SIGHUP');
  await server.logged(/Configuration read again/);
  assert.deepEqual(await greetings(), []);
  await server.stop();
  await server.start();
  assert.deepEqual(await greetings(), []);
  await server.stop();
  writeFileSync(file, config(all));
  await server.start();
  assert.deepEqual(await greetings(), ['a/http', 'a/mqtt']);
});
