import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { HttpApi } from './http-api.ts';

async function answering(t: TestContext, status: number, body: string): Promise<HttpApi> {
  const server = createServer((_request, response) => response.writeHead(status).end(body)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return new HttpApi(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), {});
}

test('what a proxy answers in place of the server is a problem with a status, whatever it is', async (t) => {
  for (const body of ['<html>', '{"detail":', '{', 'null', '']) {
    const api = await answering(t, 502, body);
    await assert.rejects(api.post('/x', {}), {
      name: 'HttpProblem',
      message: 'POST /x answered 502',
      status: 502,
      retryable: true,
    });
  }
});

test('a success that is no JSON is a problem that can pass', async (t) => {
  for (const body of ['<html>', '{"messages":[']) {
    const api = await answering(t, 200, body);
    await assert.rejects(api.post('/x', {}), { name: 'HttpProblem', retryable: true });
  }
});
