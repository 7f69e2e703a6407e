import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { connect } from '../sdk/sdk.ts';
import { TestAuthority } from '../std/testing/certificates.ts';
import { Api, ApiError, clientLogin } from './api.ts';
import { run } from './testing/fake-server.ts';

/** A server that lets nobody in, and what it was shown. */
async function closedServer(t: TestContext): Promise<{ port: number; seen: (string | undefined)[] }> {
  const seen: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    seen.push(request.headers.authorization);
    response.writeHead(401).end('{"code":"unauthenticated","detail":"Give a user name and password"}');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return { port: (server.address() as AddressInfo).port, seen };
}

test('a user name and password in the URL log in, and a token goes before them', async (t) => {
  const { port, seen } = await closedServer(t);
  const url = `http://ann:p%40ss@127.0.0.1:${port}/`;
  await assert.rejects(new Api(url).get('/v1/queues'), ApiError);
  await assert.rejects(new Api(url, 'secret').get('/v1/queues'), ApiError);
  assert.deepEqual(seen, [`Basic ${Buffer.from('ann:p@ss').toString('base64')}`, 'Bearer secret']);
});

test('who comes with neither is told how to log in, and who was refused is not', async (t) => {
  const { port } = await closedServer(t);
  const told = 'Give a user name and password (unauthenticated)';
  await assert.rejects(new Api(`http://127.0.0.1:${port}`).get('/v1/queues'), {
    message: `${told}: log in by --token (SLUICE_TOKEN), or by --url http://USER:PASSWORD@HOST:PORT (SLUICE_URL)`,
  });
  await assert.rejects(new Api(`http://127.0.0.1:${port}`, 'wrong').get('/v1/queues'), { message: told });
});

test('a client of the SDK is given what stands in the URL, and a token in its place', () => {
  const url = 'https://ann:p%40ss@broker.example/';
  const base = 'https://broker.example/';
  assert.deepEqual(clientLogin(url, undefined), { base, login: { username: 'ann', password: 'p@ss' } });
  assert.deepEqual(clientLogin(url, 'secret'), { base, login: { token: 'secret' } });
  assert.deepEqual(clientLogin(base, undefined), { base, login: {} });
});

test('queue consume logs in by the URL as the others do', async (t) => {
  const { port, seen } = await closedServer(t);
  const { status } = await run(['queue', 'consume', 'jobs', '--url', `http://ann:secret@127.0.0.1:${port}`]);
  assert.equal(status, 1);
  assert.deepEqual(seen, [`Basic ${Buffer.from('ann:secret').toString('base64')}`]);
});

test('a password that is not escaped is said to be that', () => {
  assert.throws(() => new Api('http://ann:100%@127.0.0.1:1'), { message: /as %25$/ });
});

test('what cannot be reached is named without the password', async () => {
  await assert.rejects(new Api('http://ann:secret@127.0.0.1:1').get('/v1/queues'), (problem: Error) => {
    assert.match(problem.message, /^Cannot reach http:\/\/127\.0\.0\.1:1: /);
    return true;
  });
});

test('who speaks HTTP where there is TLS, or the other way round, or does not know the authority, is told what helps', async (t) => {
  const authority = new TestAuthority();
  const { certFile, keyFile } = authority.issueServer();
  const secure = createTlsServer({ cert: readFileSync(certFile), key: readFileSync(keyFile) });
  const plain = createServer();
  for (const server of [secure, plain]) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
  t.after(() => {
    for (const server of [secure, plain]) server.close();
    authority.remove();
  });
  for (const [protocol, server, message] of [
    ['http', secure, /^Cannot reach http:.*; where it has TLS \(`http\.tls`\), write https: in place of http:$/],
    ['https', secure, /^Cannot reach https:.*; name the authority of its certificate: NODE_EXTRA_CA_CERTS=ca\.pem$/],
    ['https', plain, /; where it has no TLS, write http: in place of https:$/s],
  ] as const) {
    const url = `${protocol}://127.0.0.1:${(server.address() as AddressInfo).port}`;
    await assert.rejects(new Api(url).get('/v1/queues'), { message });
    await assert.rejects(connect(url), { name: 'ConnectionRefused', message });
  }
});
