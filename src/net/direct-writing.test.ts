import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { type Output, writeAllDirectly } from './direct-writing.ts';

/** Two ends of a connection; the client reads nothing before it is told to. */
async function connection(t: TestContext): Promise<{ served: Socket; client: Socket }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1').pause();
  const [served] = (await once(server, 'connection')) as [Socket];
  t.after(() => {
    client.destroy();
    served.destroy();
    server.close();
  });
  return { served, client };
}

async function received(client: Socket, bytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let missing = bytes;
  for await (const chunk of client) {
    chunks.push(chunk);
    missing -= chunk.length;
    if (missing <= 0) break;
  }
  return Buffer.concat(chunks);
}

function output(...texts: readonly string[]): Output[] {
  return texts.map((text) => ({ bytes: Buffer.from(text) }));
}

const tooMuch: readonly Output[] = [{ bytes: Buffer.alloc(32 * 1024 * 1024) }];
const neverDone = (): void => assert.fail('there was nothing to wait for');

test('what fits into the socket is taken at once, one piece or several, in their order', async (t) => {
  const { served, client } = await connection(t);
  assert.equal(writeAllDirectly(served, output('one '), neverDone), 'taken');
  assert.equal(writeAllDirectly(served, output('two ', 'three'), neverDone), 'taken');
  assert.equal(String(await received(client, 13)), 'one two three');
});

test('what does not fit is said to be done when the reader has made room for it, and arrives whole and before what follows', async (t) => {
  const { served, client } = await connection(t);
  const pieces = ['a', 'b', 'c'].map((letter) => ({ bytes: Buffer.alloc(8 * 1024 * 1024, letter) }));
  let isDone = false;
  const done = new Promise<void>((resolve) => {
    const written = writeAllDirectly(served, pieces, () => {
      isDone = true;
      resolve();
    });
    assert.equal(written, 'under-way');
  });
  served.write('and what the stream writes');
  assert.equal(isDone, false);
  const sent = Buffer.concat([...pieces.map(({ bytes }) => bytes), Buffer.from('and what the stream writes')]);
  const arrived = await received(client, sent.length);
  await done;
  assert.ok(arrived.equals(sent));
});

test('a reader that goes away in the middle ends the socket with the reason, and the write is done', async (t) => {
  const { served, client } = await connection(t);
  const ended = once(served, 'error');
  const done = new Promise<void>((resolve) => {
    assert.equal(writeAllDirectly(served, tooMuch, resolve), 'under-way');
  });
  client.resetAndDestroy();
  const [problem] = await ended;
  await done;
  assert.match(problem.code, /ECONNRESET|EPIPE/);
  assert.equal(served.destroyed, true);
});

test('a socket that is destroyed in the middle says that the write is done', async (t) => {
  const { served } = await connection(t);
  const done = new Promise<void>((resolve) => {
    assert.equal(writeAllDirectly(served, tooMuch, resolve), 'under-way');
  });
  served.destroy();
  await done;
});

test('what is no plain socket, has ended, or has something of its own to write is written as usual', async (t) => {
  const { served } = await connection(t);
  const bytes = output('x');
  assert.equal(writeAllDirectly(new PassThrough() as unknown as Socket, bytes, neverDone), 'refused');
  served.write(tooMuch[0].bytes);
  assert.equal(writeAllDirectly(served, bytes, neverDone), 'refused');
  served.destroy();
  assert.equal(writeAllDirectly(served, bytes, neverDone), 'refused');
});
