import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';
import { TestAuthority } from '../src/std/testing/certificates.ts';
import { type Server, startConfigured } from './server.ts';

/** Connects, says its word and ends; rejects with why it was refused. */
async function visit(url: string, options: IClientOptions = {}): Promise<MqttClient> {
  const client = await connectAsync(url, { reconnectPeriod: 0, protocolVersion: 5, ...options }, false);
  await client.endAsync();
  return client;
}

/** A connection that reads nothing, says what it is given, and never closes by itself. */
function stubborn(port: number, bytes: string): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.on('error', (error: NodeJS.ErrnoException) => assert.equal(error.code, 'ECONNRESET'));
  return new Promise((resolve) => socket.write(Buffer.from(bytes, 'hex'), () => resolve(socket)));
}

test('every listener has its own authentication and limits, and the ready line names its port', async (t) => {
  const server = await startConfigured(t, {
    access: { anonymous: 'never', users: [{ name: 'ann', password: 'secret', admin: true }] },
    listeners: {
      open: { type: 'tcp', port: 0, anonymous: 'always', packetBytesMax: 2048, connectionsMax: 1 },
      closed: { type: 'ws', port: 0 },
      moved: { type: 'tcp', port: 0, redirect: { serverReference: 'other.example:1883', permanent: true } },
    },
  });
  const { listeners } = server;
  assert.deepEqual(Object.keys(listeners), ['mqtt', 'open', 'closed', 'moved']);
  assert.equal(listeners.mqtt, server.mqttPort);
  const ann = { username: 'ann', password: 'secret' };
  await assert.rejects(visit(server.mqttUrl), /Not authorized|Bad User Name/);
  await visit(server.mqttUrl, ann);
  await assert.rejects(visit(`ws://127.0.0.1:${listeners.closed}/mqtt`), /Not authorized|Bad User Name/);
  await visit(`ws://127.0.0.1:${listeners.closed}/mqtt`, ann);
  await assert.rejects(visit(`mqtt://127.0.0.1:${listeners.moved}`, ann), /Server moved/);
  const only = await connectAsync(`mqtt://127.0.0.1:${listeners.open}`, { reconnectPeriod: 0, protocolVersion: 5 });
  t.after(() => only.endAsync(true));
  await assert.rejects(visit(`mqtt://127.0.0.1:${listeners.open}`), /Couldn't connect|ECONNRESET/);
  const ended = new Promise<number | undefined>((resolve) =>
    only.once('disconnect', ({ reasonCode }) => resolve(reasonCode)),
  );
  only.publish('t', Buffer.alloc(4096));
  assert.equal(await ended, 0x95);
});

test('a listener behind a proxy judges the told address: only this machine is anonymous', async (t) => {
  const server = await startConfigured(t, {
    listeners: { proxied: { type: 'tcp', port: 0, proxyProtocol: 'required' } },
  });
  const from = (header: string): Promise<Buffer> => greeting(server.listeners.proxied, header);
  assert.equal((await from('PROXY TCP4 127.0.0.1 127.0.0.1 5 6\r\n'))[3], 0);
  assert.equal((await from('PROXY TCP4 203.0.113.9 127.0.0.1 5 6\r\n'))[3], 0x87);
  assert.equal((await from('PROXY UNKNOWN\r\n'))[3], 0x87);
});

test('SIGHUP puts new TLS files to use, and a pair that does not fit changes nothing', async (t) => {
  const authority = new TestAuthority();
  t.after(() => authority.remove());
  const files = authority.issueServer();
  const server = await startConfigured(t, {
    listeners: { tls: { type: 'tls', port: 0, tls: files } },
    http: { tls: files },
  });
  const first = await servedSerial(server, authority);
  const renewed = authority.issueServer();
  copyFileSync(renewed.certFile, files.certFile);
  process.kill(server.pid, 'SIGHUP');
  await logged(server, 'TLS certificate not replaced');
  assert.equal(await servedSerial(server, authority), first);
  copyFileSync(renewed.keyFile, files.keyFile);
  process.kill(server.pid, 'SIGHUP');
  await logged(server, 'TLS certificate replaced');
  assert.notEqual(await servedSerial(server, authority), first);
});

test('SIGTERM ends the process, whatever its peers do', async (t) => {
  const authority = new TestAuthority();
  t.after(() => authority.remove());
  const server = await startConfigured(t, {
    listeners: {
      tls: { type: 'tls', port: 0, tls: authority.issueServer() },
      ws: { type: 'ws', port: 0 },
      proxied: { type: 'tcp', port: 0, proxyProtocol: 'required' },
    },
  });
  const connectPacket = '100d00044d5154540402003c000161';
  const peers = await Promise.all([
    stubborn(server.mqttPort, connectPacket),
    stubborn(server.mqttPort, ''),
    stubborn(server.listeners.tls, '160301'),
    stubborn(server.listeners.ws, Buffer.from('GET /mqtt HTTP/1.1\r\n').toString('hex')),
    stubborn(server.listeners.proxied, Buffer.from('PROXY ').toString('hex')),
  ]);
  await visit(server.mqttUrl);
  assert.equal(await server.stop('SIGTERM'), 0);
  for (const peer of peers) peer.destroy();
});

test('a thousand connections that say nothing are closed after their time, and a client is served meanwhile', async (t) => {
  const authority = new TestAuthority();
  t.after(() => authority.remove());
  const server = await startConfigured(t, {
    mqtt: { connectTimeoutMs: 3_000 },
    listeners: {
      tls: { type: 'tls', port: 0, handshakeTimeoutMs: 3_000, tls: authority.issueServer() },
      ws: { type: 'ws', port: 0, handshakeTimeoutMs: 3_000 },
    },
  });
  const ports = [server.mqttPort, server.listeners.tls, server.listeners.ws];
  const ends = Array.from({ length: 1_000 }, (_, i) => ended(connect(ports[i % 3], '127.0.0.1')));
  await visit(`ws://127.0.0.1:${server.listeners.ws}/mqtt`);
  await visit(server.mqttUrl);
  await Promise.all(ends);
  await visit(server.mqttUrl);
});

test('a WebSocket frame of a terabyte is held to what a client may send before it has logged in', async (t) => {
  const server = await startConfigured(t, { listeners: { ws: { type: 'ws', port: 0 } } });
  const socket = connect(server.listeners.ws, '127.0.0.1');
  const headers = [
    'GET /mqtt HTTP/1.1',
    'Host: localhost',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Protocol: mqtt',
  ];
  socket.write(`${headers.join('\r\n')}\r\n\r\n`);
  // The frame, masked with zeros, and in it a CONNECT of 256 MiB.
  socket.write(Buffer.from('82ff000001000000000000000000' + '10ffffff7f', 'hex'));
  const answer = await ended(socket);
  assert.match(answer.toString('latin1'), /^HTTP\/1\.1 101 /);
  assert.equal(answer.subarray(-4).toString('hex'), '880203e8');
  await visit(server.mqttUrl);
});

test('the examples of docs/listeners.md work as they stand', async (t) => {
  const authority = new TestAuthority();
  t.after(() => authority.remove());
  const page = readFileSync(new URL('../docs/listeners.md', import.meta.url), 'utf8');
  const examples = [...page.matchAll(/```json\n(.*?)```/gs)].map(([, json]) => JSON.parse(json).listeners as Examples);
  const all: Examples = Object.assign({}, ...examples);
  const folder = join(authority.folder, 'tls');
  mkdirSync(folder);
  const { certFile, keyFile } = authority.issueServer();
  copyFileSync(certFile, join(folder, 'server.pem'));
  copyFileSync(keyFile, join(folder, 'server.key'));
  copyFileSync(authority.caFile, join(folder, 'ca.pem'));
  // Only the ports are others: those of the page may be taken.
  for (const listener of Object.values(all)) listener.port = 0;
  const server = await startConfigured(t, { listeners: all }, authority.folder);
  assert.deepEqual(Object.keys(server.listeners), ['mqtt', ...Object.keys(all)]);
  assert.equal(Object.keys(all).length, 7);
  await visit(`mqtts://localhost:${server.listeners.tls}`, { ca: authority.ca });
  await visit(`wss://localhost:${server.listeners.wss}/mqtt`, { ca: authority.ca });
  await visit(`mqtt://localhost:${server.listeners.guests}`);
});

type Examples = Record<string, { port: number }>;

/** Everything that the server sends until it ends the connection. */
function ended(socket: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.on('error', (error: NodeJS.ErrnoException) => assert.match(error.code ?? '', /ECONNRESET|EPIPE/));
  return new Promise((resolve) => socket.once('close', () => resolve(Buffer.concat(chunks))));
}

/** What a version 5 CONNECT behind the header is answered with. */
async function greeting(port: number, header: string): Promise<Buffer> {
  const socket = connect(port, '127.0.0.1');
  socket.write(header);
  socket.write(Buffer.from('101000044d5154540502003c000003616263', 'hex'));
  const answer = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
  socket.destroy();
  return answer;
}

function servedSerial(server: Server, { ca }: TestAuthority): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ port: server.listeners.tls, servername: 'localhost', ca }, () => {
      resolve(socket.getPeerCertificate().serialNumber);
      socket.destroy();
    });
    socket.once('error', reject);
  });
}

/** Waits until the server's log has a line with this text. */
async function logged(server: Server, text: string): Promise<void> {
  while (!server.log().some((line) => line.includes(text))) await new Promise((resolve) => setImmediate(resolve));
}
