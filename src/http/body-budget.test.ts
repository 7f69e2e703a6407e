import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { serve } from './testing/served.ts';

const bodiesBytesMax = 8 * 1024;

/** Sends the head of a request and so much of its body. */
async function begin(port: number, bytes: number, announced = 6 * 1024): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const head = `POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${announced}\r\n\r\n`;
  socket.write(`${head}${'x'.repeat(bytes)}`);
  return socket;
}

async function gauge(call: (method: string, path: string) => Promise<{ body: string }>, name: string): Promise<number> {
  const { body } = await call('GET', '/metrics');
  return Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(body)?.[1]);
}

test('half-sent bodies of all connections together are bounded, and room comes back', async (t) => {
  const { server, call } = await serve(t, { options: { bodiesBytesMax } });
  const first = await begin(server.port, 5 * 1024);
  while ((await gauge(call, 'sluice_http_bodies_bytes')) < 5 * 1024);
  const second = await begin(server.port, 5 * 1024);
  const [answer] = (await once(second, 'data')) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1\.1 503 .*connection: close\r\nretry-after: 1\r\n.*http\.bodiesBytesMax/is);
  second.resume();
  await once(second, 'close');
  assert.equal(await gauge(call, 'sluice_http_bodies_refused_total'), 1);
  first.destroy();
  while ((await gauge(call, 'sluice_http_bodies_bytes')) > 0);
  assert.equal(
    (await call('POST', '/v1/messages', { messages: [{ topic: 'a', payload: 'x'.repeat(5_000) }] })).status,
    200,
  );
});

test('what is announced and not sent takes no room', async (t) => {
  const { server, call } = await serve(t, { options: { bodiesBytesMax } });
  const idle = await Promise.all(Array.from({ length: 5 }, () => begin(server.port, 0)));
  assert.equal(
    (await call('POST', '/v1/messages', { messages: [{ topic: 'a', payload: 'x'.repeat(5_000) }] })).status,
    200,
  );
  for (const socket of idle) socket.destroy();
});

test('a body without a length is counted as it comes', async (t) => {
  const { server } = await serve(t, { options: { bodiesBytesMax } });
  const socket = connect(server.port, '127.0.0.1');
  socket.write(
    'POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
  );
  for (let i = 0; i < 3; i++) socket.write(`1000\r\n${'x'.repeat(4_096)}\r\n`);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1\.1 503 /);
  socket.destroy();
});
