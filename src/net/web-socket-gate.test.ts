import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { Socket } from 'node:net';
import { after, type TestContext, test } from 'node:test';
import { connect } from 'node:tls';
import { WebSocket } from 'ws';
import { SimulatedClock } from '../std/clock.ts';
import { TestAuthority } from '../std/testing/certificates.ts';
import { type Listening, listening, put, type Recorder, read, readToEnd } from './testing/listening.ts';

const authority = new TestAuthority();
after(() => authority.remove());
const webSocket = { path: '/mqtt', origins: undefined };

/** The client of another maker. */
function dial(t: TestContext, url: string, options: object = {}, protocols: string[] = ['mqtt']): WebSocket {
  const client = new WebSocket(url, protocols, { ca: authority.ca, ...options });
  t.after(() => client.terminate());
  return client;
}

async function pair(t: TestContext): Promise<{ client: WebSocket; recorder: Recorder; listener: Listening }> {
  const listener = await listening(t, { webSocket });
  const client = dial(t, `ws://127.0.0.1:${listener.port}/mqtt`);
  await once(client, 'open');
  return { client, recorder: await listener.served(), listener };
}

/** Reads messages until they hold `bytes`. */
async function messages(client: WebSocket, bytes: number): Promise<Buffer[]> {
  const all: Buffer[] = [];
  while (all.reduce((sum, { length }) => sum + length, 0) < bytes) {
    const [data, isBinary] = (await once(client, 'message')) as [Buffer, boolean];
    assert.equal(isBinary, true);
    all.push(data);
  }
  return all;
}

async function refusal(client: WebSocket): Promise<number | undefined> {
  const [, response] = (await once(client, 'unexpected-response')) as [unknown, IncomingMessage];
  client.once('error', () => undefined);
  client.terminate();
  return response.statusCode;
}

for (const [name, scheme] of [
  ['WebSocket', 'ws'],
  ['WebSocket over TLS', 'wss'],
] as const) {
  for (const proxy of [undefined, { trusted: undefined }]) {
    test(`bytes go both ways over ${name}${proxy ? ', behind a PROXY header' : ''}, small and large`, async (t) => {
      const tls = { ...authority.issueServer(), clientCertificate: 'none', minVersion: 'TLSv1.2' } as const;
      const listener = await listening(t, { webSocket, proxy, tls: scheme === 'wss' ? tls : undefined });
      const raw = await listener.dial();
      if (proxy) raw.write('PROXY TCP4 203.0.113.9 198.51.100.1 56324 1883\r\n');
      const url = `${scheme}://localhost:${listener.port}/mqtt`;
      const over = scheme === 'wss' ? connect({ socket: raw, ca: authority.ca, servername: 'localhost' }) : raw;
      const client = dial(t, url, { createConnection: () => over });
      await once(client, 'open');
      assert.equal(client.protocol, 'mqtt');
      client.send('hello', { binary: true });
      const recorder = await listener.served();
      await recorder.hears('hello');
      if (proxy) assert.equal(recorder.transport.peer.remoteAddress, '203.0.113.9');
      const answer = Buffer.alloc(2_000_000, 'z');
      put(recorder.transport, answer);
      assert.ok(Buffer.concat(await messages(client, answer.length)).equals(answer));
      client.send(Buffer.alloc(500_000, 'y'));
      await recorder.until(() => recorder.received.length === 500_005);
      const closed = once(client, 'close');
      recorder.transport.end();
      assert.equal((await closed)[0], 1000);
      await recorder.until(() => recorder.isClosed);
    });
  }
}

test('what one turn writes leaves in one frame', async (t) => {
  const { client, recorder } = await pair(t);
  for (let i = 0; i < 100; i++) put(recorder.transport, '0123456789');
  const [message] = await messages(client, 1);
  assert.equal(message.length, 1000);
});

test('a message in parts, with pings between them, is one stream, and the pings are answered', async (t) => {
  const { client, recorder } = await pair(t);
  client.send('a', { binary: true, fin: false });
  client.ping('are you there');
  client.send('b', { binary: true, fin: false });
  client.send('c', { binary: true, fin: true });
  const [payload] = (await once(client, 'pong')) as [Buffer];
  assert.equal(payload.toString(), 'are you there');
  await recorder.hears('abc');
});

test('a text frame closes with 1003 and is counted', async (t) => {
  const { client, recorder, listener } = await pair(t);
  client.send('text');
  const [code] = await once(client, 'close');
  assert.equal(code, 1003);
  await recorder.until(() => recorder.isClosed);
  assert.equal(listener.counters.refused.web_socket_frame, 1);
});

test('a client that closes is answered with its code, and what was written before arrives', async (t) => {
  const { client, recorder } = await pair(t);
  const closed = once(client, 'close');
  put(recorder.transport, 'last words');
  client.close(1001);
  assert.equal(Buffer.concat(await messages(client, 10)).toString(), 'last words');
  assert.equal((await closed)[0], 1001);
  await recorder.until(() => recorder.isClosed);
});

test('a peer that does not read makes bytes wait, and its pings get no more answers', async (t) => {
  const listener = await listening(t, { webSocket });
  const socket = await upgraded(listener);
  const recorder = await listener.served();
  socket.pause();
  for (let i = 0; i < 256; i++) put(recorder.transport, Buffer.alloc(64 * 1024));
  await new Promise((resolve) => setImmediate(resolve));
  const waiting = recorder.transport.bufferedBytes;
  assert.ok(waiting > 0);
  // An empty ping, masked with zeros, 100,000 times; then a byte of MQTT.
  socket.write(
    Buffer.concat([Buffer.from('898000000000'.repeat(100_000), 'hex'), Buffer.from('82810000000078', 'hex')]),
  );
  await recorder.hears('x');
  assert.equal(recorder.transport.bufferedBytes, waiting);
  let size = 0;
  socket.on('data', (chunk: Buffer) => {
    size += chunk.length;
  });
  socket.resume();
  await recorder.until(() => recorder.transport.bufferedBytes === 0);
  const framed = 256 * 64 * 1024;
  while (size < framed) await once(socket, 'data');
  assert.ok(size < framed + 100_000, `${size - framed} bytes beside the data`);
});

test('bytes behind the request belong to the WebSocket', async (t) => {
  const listener = await listening(t, { webSocket });
  await upgraded(listener, '82850000000068656c6c6f');
  await (await listener.served()).hears('hello');
});

test('requests that are no WebSocket get 426, wrong ones what is wrong with them, and the connection ends', async (t) => {
  const { port, counters, accepted } = await listening(t, { webSocket });
  const [plain] = (await once(request({ port, host: '127.0.0.1', path: '/' }).end(), 'response')) as [IncomingMessage];
  plain.resume();
  assert.equal(plain.statusCode, 426);
  assert.equal(plain.headers.upgrade, 'websocket');
  assert.equal(plain.headers.connection, 'close');
  const url = `ws://127.0.0.1:${port}`;
  assert.equal(await refusal(dial(t, `${url}/other`)), 404);
  assert.equal(await refusal(dial(t, `${url}/mqtt`, {}, ['mqttv3.1'])), 400);
  assert.equal(await refusal(dial(t, `${url}/mqtt`, { origin: 'https://elsewhere.example' })), 403);
  assert.equal(accepted.length, 0);
  assert.equal(counters.refused.web_socket_upgrade, 4);
});

test('what is no HTTP, or too much of it, is answered with 400 and ends', async (t) => {
  const listener = await listening(t, { webSocket });
  for (const bytes of [
    Buffer.from('100d00044d5154540402003c000161', 'hex'),
    Buffer.from(`GET /mqtt HTTP/1.1\r\nhost: x\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`),
  ]) {
    const socket = await listener.dial();
    const answer = readToEnd(socket);
    socket.write(bytes);
    assert.match(await answer, /^HTTP\/1\.1 400 /);
  }
  assert.equal(listener.counters.refused.web_socket_upgrade, 2);
});

test('a request that does not come in time ends the connection', async (t) => {
  const clock = new SimulatedClock();
  const { dial: dialPlain, counters } = await listening(t, { webSocket, handshakeTimeoutMs: 2_000 }, { clock });
  const socket = await dialPlain();
  socket.write('GET /mqtt HTTP/1.1\r\nhost: ');
  while (counters.connections === 0) await new Promise((resolve) => setImmediate(resolve));
  clock.advance(2_000);
  await readToEnd(socket);
  assert.equal(counters.refused.handshake_timeout, 1);
});

test('a thousand connections that never ask are all ended after their time, and others are served meanwhile', async (t) => {
  const clock = new SimulatedClock();
  const listener = await listening(t, { webSocket }, { clock });
  const silent = await Promise.all(Array.from({ length: 1_000 }, () => listener.dial()));
  const client = dial(t, `ws://127.0.0.1:${listener.port}/mqtt`);
  await once(client, 'open');
  client.send('served', { binary: true });
  await (await listener.served()).hears('served');
  const ends = silent.map((socket) => readToEnd(socket));
  clock.advance(10_000);
  await Promise.all(ends);
  assert.equal(listener.counters.refused.handshake_timeout, 1_000);
  assert.equal(client.readyState, WebSocket.OPEN);
});

/** A connection that became a WebSocket, with nothing that knows of frames; `behind` is sent with the request. */
async function upgraded(listener: Listening, behind = ''): Promise<Socket> {
  const socket = await listener.dial();
  const headers = [
    'GET /mqtt HTTP/1.1',
    'Host: localhost',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Protocol: mqtt',
  ];
  socket.write(Buffer.concat([Buffer.from(`${headers.join('\r\n')}\r\n\r\n`), Buffer.from(behind, 'hex')]));
  assert.match((await read(socket, 1)).toString('latin1'), /^HTTP\/1\.1 101 .*\r\n\r\n$/s);
  return socket;
}
