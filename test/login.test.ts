import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SignJWT } from 'jose';
import { connect, connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { isBrokenHash } from '../src/access/secrets.ts';
import { json, LocalServer } from '../src/access/testing/local-server.ts';
import { ScramClient } from '../src/access/testing/scram-client.ts';
import { loadConfig } from '../src/config.ts';
import { TestAuthority } from '../src/std/testing/certificates.ts';
import { startServer } from './server.ts';

const page = readFileSync(fileURLToPath(new URL('../docs/access.md', import.meta.url)), 'utf8');
const secret = 'at least thirty-two characters, please';

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-login-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function startWith(t: TestContext, config: object) {
  const file = join(folderOf(t), 'sluice.config.json');
  writeFileSync(file, JSON.stringify(config));
  const server = await startServer(t, ['--config', file]);
  const logIn = async (options: IClientOptions, url = server.mqttUrl): Promise<MqttClient> => {
    const client = await connectAsync(url, { protocolVersion: 5, reconnectPeriod: 0, ...options });
    t.after(() => client.end(true));
    return client;
  };
  return { server, logIn };
}

test('every configuration in docs/access.md is one that the server takes', async (t) => {
  const examples = [...page.matchAll(/```json\n([\s\S]*?)```/g)].map(([, text]) => text);
  assert.ok(examples.length >= 10, `${examples.length} examples`);
  const folder = folderOf(t);
  for (const example of examples) {
    writeFileSync(join(folder, 'sluice.config.json'), example);
    const { access } = await loadConfig({}, {}, folder);
    for (const { password } of access.users) assert.equal(isBrokenHash(password), false, password);
  }
});

test('users, tokens of a secret and the answers of a service let in, over MQTT and HTTP', async (t) => {
  const service = await new LocalServer(json({ result: 'ignore' })).start(t);
  service.answer = ({ body }, response) => {
    const { username } = JSON.parse(body);
    json(username === 'carl' ? { result: 'allow', publish: ['c/#'] } : { result: 'deny' })(
      { body, headers: {} },
      response,
    );
  };
  const { server, logIn } = await startWith(t, {
    access: {
      anonymous: 'never',
      users: [{ name: 'ann', password: 'pencil', rules: [{ action: 'all', filter: 'a/#' }] }],
      jwt: { secret, adminClaim: 'root' },
      http: { url: service.url },
    },
  });
  const token = await new SignJWT({ sub: 'bob', publish: ['b/#'], root: true })
    .setProtectedHeader({ alg: 'HS256' })
    .setExpirationTime('1 minute')
    .sign(Buffer.from(secret));
  const logins: [IClientOptions, string][] = [
    [{ username: 'ann', password: 'pencil' }, 'a/1'],
    [{ username: 'anyone', password: token }, 'b/1'],
    [{ username: 'carl', password: 'x' }, 'c/1'],
  ];
  for (const [login, topic] of logins) await (await logIn(login)).publishAsync(topic, 'x', { qos: 1 });
  const carl = await logIn(logins[2][0]);
  await assert.rejects(carl.publishAsync('a/1', 'x', { qos: 1 }), { code: 0x87 });
  await assert.rejects(logIn({ username: 'dora', password: 'x' }), { code: 0x87 });
  await assert.rejects(logIn({}), { code: 0x87 });
  const queues = (authorization: string) =>
    fetch(`${server.httpUrl}/v1/queues`, { headers: { authorization } }).then(({ status }) => status);
  assert.equal(await queues(`Bearer ${token}`), 200);
  assert.equal(await queues(`Bearer ${token}x`), 401);
  assert.equal(await queues(`Basic ${Buffer.from('ann:pencil').toString('base64')}`), 403);
});

test('a device without credentials is nobody by its name and any password, where everybody on this machine may do everything', async (t) => {
  const { server, logIn } = await startWith(t, { deviceTypes: { thermostat: {} } });
  await server.api('PUT', '/v1/devices/room-1', { type: 'thermostat' });
  for (const login of [{ username: 'room-1', password: 'x' }, { username: 'room-1' }])
    await assert.rejects(logIn(login), { code: 0x87 });
  const authorization = `Basic ${Buffer.from('room-1:x').toString('base64')}`;
  assert.equal((await fetch(`${server.httpUrl}/v1/queues`, { headers: { authorization } })).status, 401);
  assert.equal((await fetch(`${server.httpUrl}/v1/queues`)).status, 200);
  await logIn({});
  await logIn({ username: 'nobody-knows-me', password: 'x' });
});

test('the verifier of docs/access.md lets MQTT.js in by SCRAM-SHA-256, and by the password itself', async (t) => {
  const verifier = /"(SCRAM-SHA-256\$[^"]+)"/.exec(page)?.[1];
  const { server, logIn } = await startWith(t, {
    access: { users: [{ name: 'ann', password: verifier, rules: [{ action: 'all', filter: '#' }] }] },
  });
  await logIn({ username: 'ann', password: 'pencil' });
  const client = await connectScram(t, server.mqttUrl, new ScramClient('ann', 'pencil'));
  await client.publishAsync('t', 'x', { qos: 1 });
  await assert.rejects(connectScram(t, server.mqttUrl, new ScramClient('ann', 'pen')), { code: 0x87 });
});

/** MQTT.js leaves the answer to AUTH to whoever uses it. */
async function connectScram(t: TestContext, url: string, scram: ScramClient): Promise<MqttClient> {
  const properties = { authenticationMethod: 'SCRAM-SHA-256', authenticationData: scram.first() };
  const client = connect(url, { protocolVersion: 5, reconnectPeriod: 0, properties });
  t.after(() => client.end(true));
  client.handleAuth = (packet, callback) => {
    const authenticationData = scram.final(packet.properties?.authenticationData as Buffer);
    callback(undefined, {
      cmd: 'auth',
      reasonCode: 0x18,
      properties: { authenticationMethod: 'SCRAM-SHA-256', authenticationData },
    });
  };
  await new Promise<void>((resolve, reject) => {
    client.once('connect', ({ properties: answer }) => {
      scram.check(answer?.authenticationData);
      resolve();
    });
    client.once('error', reject);
    client.once('close', () => reject(new Error('closed')));
  });
  return client;
}

test('a client certificate is a device without a password, until the device is retired', async (t) => {
  const authority = new TestAuthority();
  t.after(() => authority.remove());
  const own = authority.issueServer();
  const { server, logIn } = await startWith(t, {
    deviceTypes: { thermostat: {} },
    listeners: {
      devices: {
        type: 'tls',
        port: 0,
        certificateIdentity: 'commonName',
        tls: { ...own, caFile: authority.caFile, clientCertificate: 'require' },
      },
    },
  });
  const url = `mqtts://127.0.0.1:${server.listeners.devices}`;
  const shown = (name: string): IClientOptions => {
    const { certFile, keyFile } = authority.issue(name);
    return { ca: authority.ca, cert: readFileSync(certFile), key: readFileSync(keyFile) };
  };
  await server.api('PUT', '/v1/devices/t7', { type: 'thermostat' });
  const t7 = await logIn(shown('t7'), url);
  await t7.publishAsync('devices/me/telemetry', '{}', { qos: 1 });
  await assert.rejects(logIn(shown('unknown'), url), { code: 0x87 });
  const ended = new Promise((resolve) => t7.once('disconnect', ({ reasonCode }) => resolve(reasonCode)));
  await server.api('PUT', '/v1/devices/t7', { type: 'thermostat', retired: true });
  assert.equal(await ended, 0x87);
});
