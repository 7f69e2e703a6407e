import assert from 'node:assert/strict';
import { type EventEmitter, once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { connectAsync } from 'mqtt';
import type { IssuedCertificate } from '../../src/std/testing/certificates.ts';
import { type Server, startConfigured } from '../server.ts';
import { callersTrusting, showing } from './certificate-callers.ts';
import { testAuthority } from './listeners.ts';
import { missing } from './program.ts';

const skip = missing('/usr/bin/curl', 'curl') || missing('/usr/bin/mosquitto_pub', 'mosquitto-clients');

const authority = testAuthority();
const { curl, send, publish } = callersTrusting(authority.caFile);
const pinned = authority.issue('whatever stands here');
const other = authority.issue('thermostat-7');

/** A server that knows devices by the very certificate that they have, over MQTT and HTTPS; an administrator logs in with a token. */
async function startPinning(t: TestContext, clientCertificate: 'request' | 'require' = 'request') {
  const files = authority.issueServer();
  const caFile = `${files.certFile}.clients`;
  copyFileSync(authority.caFile, caFile);
  const tls = { ...files, caFile, clientCertificate };
  const server = await startConfigured(t, {
    listeners: { tls: { type: 'tls', port: 0, tls, certificateIdentity: 'fingerprint' } },
    http: { tls, certificateIdentity: 'fingerprint' },
    access: { anonymous: 'never', tokens: [{ name: 'ops', token: 'a-token-of-the-operators', admin: true }] },
  });
  return { server, tls };
}

async function asOperator<T>(server: Server, method: string, path: string, body: object): Promise<T> {
  const options = ['--header', 'authorization: Bearer a-token-of-the-operators', '--request', method];
  const { stdout } = await curl(server, path, ...options, '--json', JSON.stringify(body));
  const [text, status] = stdout.split(/\n(?=\d+$)/);
  assert.match(status, /^20/, stdout);
  return JSON.parse(text) as T;
}

async function register(server: Server, { certFile }: IssuedCertificate): Promise<string> {
  await asOperator(server, 'PUT', '/v1/device-types/thermostat', { mode: 'inline' });
  await asOperator(server, 'PUT', '/v1/devices/thermostat-7', { type: 'thermostat' });
  const body = { kind: 'certificate', certificate: readFileSync(certFile).toString(), keepOthers: true };
  return (await asOperator<{ id: string }>(server, 'POST', '/v1/devices/thermostat-7/credentials', body)).id;
}

test('a device comes in by its own certificate, with curl over HTTPS and mosquitto_pub over MQTT', {
  skip,
}, async (t) => {
  const { server } = await startPinning(t);
  await register(server, pinned);
  assert.match((await send(server, showing(pinned))).stdout, /"outcome":"applied"}\n200$/);
  const { code, stderr } = await publish(server, showing(pinned));
  assert.equal(code, 0, stderr);
  const state = await curl(server, '/v1/devices/me/state', ...showing(pinned));
  assert.match(state.stdout, /"key":"celsius","value":22,/);
});

test('a certificate that no device has lets nobody in, whatever name it bears', { skip }, async (t) => {
  const { server } = await startPinning(t);
  await register(server, pinned);
  assert.match((await send(server, showing(other))).stdout, /SHA-256.*\n401$/s);
  assert.match((await send(server, [])).stdout, /\n401$/);
  assert.notEqual((await publish(server, showing(other))).code, 0);
  const token = ['--header', 'authorization: Bearer a-token-of-the-operators'];
  assert.match((await send(server, [...showing(other), ...token])).stdout, /\n401$/);
});

test('a certificate that is revoked ends its connection, and lets nobody in over HTTPS either', { skip }, async (t) => {
  const { server } = await startPinning(t);
  const id = await register(server, pinned);
  const device = await connectAsync(`mqtts://localhost:${server.listeners.tls}`, {
    protocolVersion: 5,
    reconnectPeriod: 0,
    ca: authority.ca,
    cert: readFileSync(pinned.certFile),
    key: readFileSync(pinned.keyFile),
  });
  t.after(() => device.endAsync(true));
  const ended = once(device as unknown as EventEmitter, 'disconnect');
  const options = ['--header', 'authorization: Bearer a-token-of-the-operators', '--request', 'DELETE'];
  assert.match((await curl(server, `/v1/devices/thermostat-7/credentials/${id}`, ...options)).stdout, /204$/);
  const [{ reasonCode }] = await ended;
  assert.equal(reasonCode, 0x87);
  assert.match((await send(server, showing(pinned))).stdout, /\n401$/);
  assert.notEqual((await publish(server, showing(pinned))).code, 0);
});

test('where a certificate is required, nobody connects over HTTPS without', { skip }, async (t) => {
  const { server } = await startPinning(t, 'require');
  const { code, stderr } = await curl(server, '/healthz');
  assert.notEqual(code, 0);
  assert.match(stderr, /certificate required|alert|reset|closed/i);
  assert.match((await curl(server, '/healthz', ...showing(other))).stdout, /\n200$/);
});

test('with new files on SIGHUP, certificates of the new authority count and those of the old do not', {
  skip,
}, async (t) => {
  const successor = testAuthority();
  const renewed = successor.issue('renewed');
  const { server, tls } = await startPinning(t);
  await register(server, pinned);
  await register(server, renewed);
  assert.match((await send(server, showing(renewed))).stdout, /\n401$/);
  writeFileSync(tls.caFile, successor.ca);
  server.signal('SIGHUP');
  await server.logged(/Configuration read again/);
  assert.match((await send(server, showing(renewed))).stdout, /\n200$/);
  assert.match((await send(server, showing(pinned))).stdout, /\n401$/);
});
