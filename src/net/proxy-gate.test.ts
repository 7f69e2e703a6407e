import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { SimulatedClock } from '../std/clock.ts';
import { listening, put, read, readToEnd } from './testing/listening.ts';

const everybody = { trusted: undefined };
const header = 'PROXY TCP4 203.0.113.9 198.51.100.1 56324 1883\r\n';

test('the told address is that of the connection, and what stands behind the header goes on', async (t) => {
  const { dial, served } = await listening(t, { proxy: everybody });
  const socket = await dial();
  socket.write(`${header}hel`);
  const recorder = await served();
  assert.equal(recorder.transport.peer.remoteAddress, '203.0.113.9');
  await recorder.hears('hel');
  socket.write('lo');
  await recorder.hears('hello');
  put(recorder.transport, 'answer');
  assert.equal((await read(socket, 6)).toString(), 'answer');
});

test('a header in pieces of one byte, and large input behind it', async (t) => {
  const { dial, served } = await listening(t, { proxy: everybody });
  const socket = await dial();
  socket.setNoDelay(true);
  for (const byte of header) {
    socket.write(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const input = Buffer.alloc(1_000_000, 'x');
  socket.write(input);
  const recorder = await served();
  await recorder.until(() => recorder.received.length === input.length);
  assert.ok(recorder.received.equals(input));
});

test('the header and a mebibyte in one write', async (t) => {
  const { dial, served } = await listening(t, { proxy: everybody });
  const socket = await dial();
  socket.write(header + 'y'.repeat(1024 * 1024));
  const recorder = await served();
  await recorder.until(() => recorder.received.length === 1024 * 1024);
});

test('a proxy that speaks for itself keeps its address, and one that cannot tell gives none', async (t) => {
  const { dial, served } = await listening(t, { proxy: everybody });
  (await dial()).write(Buffer.from('0d0a0d0a000d0a515549540a20000000', 'hex'));
  assert.equal((await served(0)).transport.peer.remoteAddress, '127.0.0.1');
  (await dial()).write('PROXY UNKNOWN\r\n');
  assert.equal((await served(1)).transport.peer.remoteAddress, '');
});

test('what is no header ends the connection and is counted', async (t) => {
  const { dial, accepted, counters } = await listening(t, { proxy: everybody });
  const socket = await dial();
  socket.write(Buffer.from('100d00044d5154540402003c000161', 'hex'));
  assert.equal(await readToEnd(socket), '');
  assert.equal(accepted.length, 0);
  assert.equal(counters.refused.proxy_header, 1);
});

test('a header that does not come in time ends the connection, however slowly it goes on', async (t) => {
  const clock = new SimulatedClock();
  const { dial, counters } = await listening(t, { proxy: everybody, handshakeTimeoutMs: 3_000 }, { clock });
  const socket = await dial();
  for (const byte of header.slice(0, 3)) {
    socket.write(byte);
    clock.advance(900);
    await new Promise((resolve) => setImmediate(resolve));
  }
  while (counters.connections === 0) await new Promise((resolve) => setImmediate(resolve));
  clock.advance(3_000);
  assert.equal(await readToEnd(socket), '');
  assert.equal(counters.refused.handshake_timeout, 1);
});

test('a connection from elsewhere than the trusted proxies is closed', async (t) => {
  const { dial, counters } = await listening(t, { proxy: { trusted: ['192.0.2.0/24'] } });
  assert.equal(await readToEnd(await dial()), '');
  assert.equal(counters.refused.proxy_untrusted, 1);
});

test('a trusted proxy is known by its network', async (t) => {
  const { dial, served } = await listening(t, { proxy: { trusted: ['192.0.2.0/24', '127.0.0.0/8'] } });
  (await dial()).write(header);
  assert.equal((await served()).transport.peer.remoteAddress, '203.0.113.9');
});

test('a connection that goes away within its header is forgotten', async (t) => {
  const { dial, counters } = await listening(t, { proxy: everybody });
  const socket = await dial();
  socket.write('PROXY T');
  while (counters.connections === 0) await new Promise((resolve) => setImmediate(resolve));
  socket.destroy();
  await once(socket, 'close');
  while (counters.connections > 0) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(Object.values(counters.refused).every((count) => count === 0));
});
