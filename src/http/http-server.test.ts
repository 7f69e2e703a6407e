import assert from 'node:assert/strict';
import { once } from 'node:events';
import { copyFileSync } from 'node:fs';
import { get } from 'node:https';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { TestAuthority } from '../std/testing/certificates.ts';
import { forSeedsInTurn } from '../std/testing/seed.ts';
import { serve } from './testing/served.ts';

/** Everything that a connection receives until its end. */
async function conversation(port: number, talk: (socket: Socket) => void): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  // A reset is one of the clear ends.
  socket.on('error', (problem: NodeJS.ErrnoException) => assert.match(problem.code ?? '', /ECONNRESET|EPIPE/));
  const closed = new Promise((resolve) => socket.once('close', resolve));
  await once(socket, 'connect');
  talk(socket);
  await closed;
  return Buffer.concat(chunks).toString();
}

test('random bytes get a clear end and harm nobody', async (t) => {
  const { server, call } = await serve(t);
  await forSeedsInTurn(20, async (random) => {
    const answer = await conversation(server.port, (socket) => socket.write(random.noise(1024 * 1024)));
    assert.match(answer, /^HTTP\/1\.1 400 /);
    assert.equal((await call('GET', '/healthz')).status, 200);
  });
});

test('what is no request is answered with a problem, then the connection ends', async (t) => {
  const { server } = await serve(t);
  const answer = await conversation(server.port, (socket) => socket.write('MQTT is not spoken here\r\n\r\n'));
  assert.match(answer, /^HTTP\/1\.1 400 Bad Request\r\n.*application\/problem\+json/s);
  assert.equal(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n'))).code, 'invalid_argument');
});

test('headers that are too large or a length that lies get an end', async (t) => {
  const { server } = await serve(t);
  const large = await conversation(server.port, (socket) =>
    socket.write(`GET /healthz HTTP/1.1\r\nHost: localhost\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`),
  );
  assert.match(large, /^HTTP\/1\.1 431 /);
  const lying =
    'POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n';
  assert.match(await conversation(server.port, (socket) => socket.write(lying)), /^HTTP\/1\.1 400 /);
});

test('a body larger than the limit is refused by its length, before it is sent', async (t) => {
  const { server } = await serve(t);
  const answer = await conversation(server.port, (socket) => {
    socket.write(
      'POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: 999999999\r\n\r\n',
    );
  });
  assert.match(answer, /^HTTP\/1\.1 413 .*payload_too_large/s);
});

test('one connection too many is closed, and one that ends makes room', async (t) => {
  const { server } = await serve(t, { options: { connectionsMax: 1 } });
  const first = connect(server.port, '127.0.0.1');
  first.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await once(first, 'data');
  assert.equal(await conversation(server.port, () => undefined), '');
  first.destroy();
  await once(first, 'close');
  let answer = '';
  while (answer === '') {
    answer = await conversation(server.port, (socket) =>
      socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'),
    );
  }
  assert.match(answer, /^HTTP\/1\.1 200 /);
});

test('a stop lets a request finish, closes what is idle and refuses what comes later', async (t) => {
  const { server, store, base, call } = await serve(t);
  const begun = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  store.registry.deviceTypes = async () => {
    begun.resolve();
    await go.promise;
    return [];
  };
  await call('GET', '/healthz');
  const slow = call('GET', '/v1/device-types');
  await begun.promise;
  const stopped = server.stop();
  go.resolve();
  assert.deepEqual((await slow).body, { deviceTypes: [] });
  await stopped;
  await assert.rejects(fetch(`${base}/healthz`));
  assert.equal(server.port, 0);
  await server.stop();
});

test('a failure inside is a problem that keeps the inside to itself', async (t) => {
  const { store, call } = await serve(t);
  store.registry.deviceTypes = async () => {
    throw new Error('no such table: device_types');
  };
  const { status, body } = await call('GET', '/v1/device-types');
  assert.equal(status, 500);
  assert.equal(body.code, 'internal');
  assert.doesNotMatch(JSON.stringify(body), /table/);
});

test('TLS files that cannot be read end the start with their name', async (t) => {
  await assert.rejects(
    serve(t, { options: { tls: { certFile: '/nowhere/cert.pem', keyFile: '/nowhere/key.pem' } } }),
    /Cannot read TLS file "\/nowhere\/(cert|key)\.pem"/,
  );
});

test('with TLS files the API speaks HTTPS and nothing else, and takes new files up', async (t) => {
  const authority = new TestAuthority();
  t.after(() => authority.remove());
  const tls = authority.issueServer();
  const { server } = await serve(t, { options: { tls } });
  const serialNumber = async (): Promise<string> => {
    const socket = connectTls({ port: server.port, servername: 'localhost', ca: authority.ca });
    await once(socket, 'secureConnect');
    const { serialNumber: served } = socket.getPeerCertificate();
    socket.destroy();
    return served;
  };
  const before = await serialNumber();
  const renewed = authority.issueServer();
  copyFileSync(renewed.certFile, tls.certFile);
  copyFileSync(renewed.keyFile, tls.keyFile);
  await server.reload();
  assert.notEqual(await serialNumber(), before);
  const request = get({
    host: 'localhost',
    port: server.port,
    path: '/healthz',
    ca: authority.ca,
    agent: false,
  });
  const [response] = await once(request, 'response');
  response.resume();
  assert.equal(response.statusCode, 200);
  const plain = await conversation(server.port, (socket) =>
    socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'),
  );
  assert.doesNotMatch(plain, /200/);
});

test('a path that cannot be read or is too long is a problem, and counted', async (t) => {
  const { call } = await serve(t);
  for (const [path, detail] of [
    ['/v1/devices/%zz', /percent encoding/],
    [`/v1/devices/${'x'.repeat(401)}`, /shorter name/],
  ] as const) {
    const { status, headers, body } = await call('GET', path);
    assert.deepEqual([status, body.code], [400, 'invalid_argument']);
    assert.equal(headers.get('content-type'), 'application/problem+json');
    assert.match(body.detail, detail);
  }
  const { body } = await call('GET', '/metrics');
  assert.match(body, /sluice_http_requests_total\{method="GET",route="none",status="400"\} 2/);
});

test('an expectation that nobody can meet is a problem, then the connection ends', async (t) => {
  const { server } = await serve(t);
  const answer = await conversation(server.port, (socket) =>
    socket.write('POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nExpect: foo\r\nContent-Length: 2\r\n\r\n'),
  );
  assert.match(answer, /^HTTP\/1\.1 417 Expectation Failed\r\n.*application\/problem\+json/s);
  assert.match(answer, /as 100-continue: met \\"foo\\"/);
});
