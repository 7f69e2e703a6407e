import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { type EventEmitter, once } from 'node:events';
import { readFileSync } from 'node:fs';
import { after, type TestContext, test } from 'node:test';
import { connectAsync } from 'mqtt';
import type { IssuedCertificate } from '../../src/std/testing/certificates.ts';
import { type Server, startConfigured } from '../server.ts';
import { callersTrusting, showing } from './certificate-callers.ts';
import { testAuthority } from './listeners.ts';
import { missing } from './program.ts';

const skip = missing('/usr/bin/curl', 'curl') || missing('/usr/bin/mosquitto_pub', 'mosquitto-clients');

/** Signs the server's certificate alone: no device has one of its. */
const authority = testAuthority();
const { curl, send, publish } = callersTrusting(authority.caFile);
const own = authority.selfSigned('meter-1');
const stranger = authority.selfSigned('meter-1');

const tls = { ...authority.issueServer(), clientCertificate: 'require', clientTrust: 'pinned' };
/** Knows of no authority for its clients. */
const started = startConfigured(
  { after },
  {
    listeners: { tls: { type: 'tls', port: 0, tls, certificateIdentity: 'fingerprint' } },
    http: { tls: { ...tls, clientCertificate: 'request' }, certificateIdentity: 'fingerprint' },
    access: { anonymous: 'never', tokens: [{ name: 'ops', token: 'a-token-of-the-operators', admin: true }] },
  },
);

/** The server, with the devices `meter-1` and `meter-2`, which nobody has given a certificate. */
async function withMeters(): Promise<Server> {
  const server = await started;
  await asOperator(server, 'PUT', '/v1/device-types/meter', { mode: 'inline' });
  for (const id of ['meter-1', 'meter-2']) {
    await asOperator(server, 'PUT', `/v1/devices/${id}`, { type: 'meter' });
    await asOperator(server, 'DELETE', `/v1/devices/${id}/credentials`);
  }
  return server;
}

async function asOperator(server: Server, method: string, path: string, body?: object): Promise<string> {
  const options = ['--header', 'authorization: Bearer a-token-of-the-operators', '--request', method];
  const sent = body === undefined ? [] : ['--json', JSON.stringify(body)];
  const { stdout } = await curl(server, path, ...options, ...sent);
  const [text, status] = stdout.split(/\n(?=\d+$)/);
  assert.match(status, /^20/, stdout);
  return text;
}

async function give(server: Server, device: string, about: object): Promise<string> {
  const answer = await asOperator(server, 'POST', `/v1/devices/${device}/credentials`, {
    kind: 'certificate',
    ...about,
  });
  return (JSON.parse(answer) as { id: string }).id;
}

function pemOf({ certFile }: IssuedCertificate): string {
  return readFileSync(certFile).toString();
}

function fingerprintOf(certificate: IssuedCertificate): string {
  return new X509Certificate(pemOf(certificate)).fingerprint256;
}

/** A connection that stays, and the reason code of the DISCONNECT that ends it. */
async function connected(t: TestContext, server: Server, { keyFile, ...shown }: IssuedCertificate) {
  const device = await connectAsync(`mqtts://localhost:${server.listeners.tls}`, {
    protocolVersion: 5,
    reconnectPeriod: 0,
    ca: authority.ca,
    cert: pemOf({ keyFile, ...shown }),
    key: readFileSync(keyFile),
  });
  t.after(() => device.endAsync(true));
  const ended = once(device as unknown as EventEmitter, 'disconnect');
  return { ended: ended.then(([{ reasonCode }]) => reasonCode as number) };
}

/** How many clients were refused, after the handshake and in it. */
async function refusals(server: Server): Promise<{ connects: number; handshakes: number }> {
  const metrics = await asOperator(server, 'GET', '/metrics');
  const count = (row: RegExp): number => Number(row.exec(metrics)?.[1] ?? 0);
  return {
    connects: count(/^sluice_broker_connects_refused_total\{reason_code="0x87"\} (\d+)$/m),
    handshakes: count(/^sluice_listener_connections_refused_total\{listener="tls",reason="tls_handshake"\} (\d+)$/m),
  };
}

test('a self-signed certificate that its device has lets it in by its fingerprint, over MQTT and HTTPS', {
  skip,
}, async () => {
  const server = await withMeters();
  await give(server, 'meter-1', { fingerprint: fingerprintOf(own) });
  const { code, stderr } = await publish(server, showing(own));
  assert.equal(code, 0, stderr);
  assert.match((await send(server, showing(own))).stdout, /"outcome":"applied"}\n200$/);
  assert.match((await curl(server, '/v1/devices/me/state', ...showing(own))).stdout, /"deviceId":"meter-1".*\n200$/s);
});

test('a self-signed certificate that no device has is refused and counted, whatever name it bears', {
  skip,
}, async () => {
  const server = await withMeters();
  await give(server, 'meter-1', { certificate: pemOf(own) });
  const before = await refusals(server);
  const { code, stderr, stdout } = await publish(server, showing(stranger));
  assert.notEqual(code, 0);
  assert.match(stdout + stderr, /not authorized/i);
  assert.deepEqual(await refusals(server), { ...before, connects: before.connects + 1 });
  assert.match((await send(server, showing(stranger))).stdout, /no device has the one with the SHA-256.*\n401$/s);
});

test('who shows no certificate where one is required is not heard', { skip }, async () => {
  const server = await withMeters();
  await give(server, 'meter-1', { certificate: pemOf(own) });
  const before = await refusals(server);
  assert.notEqual((await publish(server, [])).code, 0);
  assert.deepEqual(await refusals(server), { ...before, handshakes: before.handshakes + 1 });
});

test('a certificate that is replaced or revoked ends its connections, and the next one comes in', {
  skip,
}, async (t) => {
  const server = await withMeters();
  await give(server, 'meter-1', { certificate: pemOf(own) });
  const replaced = await connected(t, server, own);
  const next = authority.selfSigned('anything');
  const id = await give(server, 'meter-1', { certificate: pemOf(next) });
  assert.equal(await replaced.ended, 0x87);
  assert.notEqual((await publish(server, showing(own))).code, 0);
  assert.match((await send(server, showing(own))).stdout, /\n401$/);
  const revoked = await connected(t, server, next);
  await asOperator(server, 'DELETE', `/v1/devices/meter-1/credentials/${id}`);
  assert.equal(await revoked.ended, 0x87);
  assert.match((await send(server, showing(next))).stdout, /\n401$/);
});

test('a pinned certificate that has expired lets nobody in', { skip }, async () => {
  const server = await withMeters();
  const expired = authority.selfSigned('meter-2', -1);
  await give(server, 'meter-2', { fingerprint: fingerprintOf(expired) });
  assert.notEqual((await publish(server, showing(expired))).code, 0);
  assert.match((await send(server, showing(expired))).stdout, /Renew the client certificate.*\n401$/s);
});

test('a certificate without its private key opens nothing', { skip }, async () => {
  const server = await withMeters();
  await give(server, 'meter-1', { certificate: pemOf(own) });
  const { stdout, code } = await send(server, ['--cert', own.certFile, '--key', stranger.keyFile]);
  assert.notEqual(code, 0);
  assert.doesNotMatch(stdout, /applied/);
});
