import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { HttpApi } from './http-api.ts';

function answering(t: TestContext, status: number, body: string): Promise<HttpApi> {
  return listening(t, (response) => void response.writeHead(status).end(body));
}

async function listening(t: TestContext, answer: (response: ServerResponse) => void): Promise<HttpApi> {
  const server = createServer((_request, response) => answer(response)).listen(0, '127.0.0.1');
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

test('the lines of an answer come one by one, wherever it was cut', async (t) => {
  const api = await answering(t, 200, '{"a":1}\n\n{"b":"ä"}\nlast');
  assert.deepEqual(await linesOf(api), ['{"a":1}', '', '{"b":"ä"}', 'last']);
});

test('an answer with lines that is refused is a problem with its status', async (t) => {
  const api = await answering(t, 409, '{"detail":"Update the worker"}');
  await assert.rejects(linesOf(api), { name: 'HttpProblem', status: 409, message: 'Update the worker' });
});

test('a server that says nothing more is taken for gone', async (t) => {
  const api = await silentAfter(t, 'one\n');
  const seen: string[] = [];
  const reading = (async () => {
    for await (const line of api.lines('/x', {}, new AbortController().signal, 500)) seen.push(line);
  })();
  await assert.rejects(reading, { name: 'HttpProblem', status: 0, retryable: true });
  assert.deepEqual(seen, ['one']);
});

test('a long line may take longer than the silence of a server that is gone', async (t) => {
  const api = await listening(t, (response) => {
    response.writeHead(200);
    let parts = 7;
    const timer = setInterval(() => {
      if (parts-- > 0) response.write('part ');
      else response.end('\n');
    }, 200);
    response.on('close', () => clearInterval(timer));
  });
  assert.deepEqual(await linesOf(api, 1_000), ['part '.repeat(7)]);
});

test('who reads lines may leave', async (t) => {
  const api = await silentAfter(t, 'one\n');
  const leaving = new AbortController();
  const reading = (async () => {
    for await (const _ of api.lines('/x', {}, leaving.signal, 60_000)) leaving.abort();
  })();
  await assert.rejects(reading, { name: 'HttpProblem' });
});

async function linesOf(api: HttpApi, silenceMsMax = 60_000): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of api.lines('/x', {}, new AbortController().signal, silenceMsMax)) lines.push(line);
  return lines;
}

async function silentAfter(t: TestContext, text: string): Promise<HttpApi> {
  return listening(t, (response) => void response.writeHead(200).write(text));
}
