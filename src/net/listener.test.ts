import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type Clock, SimulatedClock, systemClock } from '../std/clock.ts';
import { lingerMs } from './linger.ts';
import { listening, put, type Recorder, read, readToEnd } from './testing/listening.ts';

async function pair(t: TestContext, clock: Clock = systemClock): Promise<{ socket: Socket; recorder: Recorder }> {
  const { served, dial } = await listening(t, {}, { clock });
  const socket = await dial();
  socket.write('hello');
  const recorder = await served();
  await recorder.hears('hello');
  return { socket, recorder };
}

test('small and large writes arrive whole and in order', async (t) => {
  const { socket, recorder } = await pair(t);
  const pieces = [10, 5_000, 70_000, 3, 20_000, 1_000_000, 1].map((size, i) => Buffer.alloc(size, 65 + i));
  for (const piece of pieces) put(recorder.transport, piece);
  const expected = Buffer.concat(pieces);
  assert.ok(expected.equals(await read(socket, expected.length)));
});

test('what one turn writes leaves in one piece', async (t) => {
  const { socket, recorder } = await pair(t);
  for (let i = 0; i < 100; i++) put(recorder.transport, Buffer.from('0123456789'));
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  assert.equal(chunk.length, 1000);
});

test('a peer that does not read makes bytes wait, and their going is told', async (t) => {
  const { socket, recorder } = await pair(t);
  socket.pause();
  const block = Buffer.alloc(64 * 1024, 1);
  const total = 256 * block.length;
  for (let i = 0; i < 256; i++) put(recorder.transport, block);
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(recorder.transport.bufferedBytes > 0);
  let size = 0;
  socket.on('data', (chunk: Buffer) => {
    size += chunk.length;
  });
  socket.resume();
  await recorder.until(() => recorder.drains > 0 && recorder.transport.bufferedBytes === 0);
  while (size < total) await once(socket, 'data');
  assert.equal(size, total);
});

test('bytes stay right while chunks are reused under a slow peer', async (t) => {
  const { socket, recorder } = await pair(t);
  const expected: Buffer[] = [];
  const received: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => received.push(chunk));
  for (let turn = 0; turn < 300; turn++) {
    const piece = Buffer.alloc(1 + ((turn * 7919) % 30_000), turn & 0xff);
    expected.push(piece);
    put(recorder.transport, piece);
    await new Promise((resolve) => setImmediate(resolve));
  }
  const whole = Buffer.concat(expected);
  while (received.reduce((sum, chunk) => sum + chunk.length, 0) < whole.length) await once(socket, 'data');
  assert.ok(whole.equals(Buffer.concat(received)));
});

test('end sends what was written, then closes', async (t) => {
  const { socket, recorder } = await pair(t);
  put(recorder.transport, Buffer.from('goodbye'));
  recorder.transport.end();
  assert.equal((await read(socket, 7)).toString(), 'goodbye');
  await once(socket, 'end');
  await recorder.until(() => recorder.isClosed);
});

test('what a peer sends last is handled before it is told to be gone', async (t) => {
  const { accepted, dial, served } = await listening(t);
  const sockets = await Promise.all(Array.from({ length: 50 }, dial));
  await served(sockets.length - 1);
  const heard: string[] = [];
  for (const recorder of accepted) {
    const { closed } = recorder;
    recorder.closed = () => {
      heard.push(recorder.received.toString());
      closed.call(recorder);
    };
  }
  for (const socket of sockets) socket.end('goodbye');
  for (const recorder of accepted) await recorder.until(() => recorder.isClosed);
  assert.deepEqual(heard, Array(sockets.length).fill('goodbye'));
});

test('a paused connection that ends is closed as soon as its peer closes', async (t) => {
  // The time that a peer is given does not pass.
  const { socket, recorder } = await pair(t, new SimulatedClock());
  recorder.transport.pause();
  recorder.transport.end();
  socket.resume();
  await recorder.until(() => recorder.isClosed);
});

test('a paused connection is not read until it is resumed', async (t) => {
  const { socket, recorder } = await pair(t);
  recorder.transport.pause();
  socket.write('more');
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(recorder.received.toString(), 'hello');
  recorder.transport.resume();
  await recorder.until(() => recorder.received.toString() === 'hellomore');
});

test('one connection more than allowed is closed at once and counted', async (t) => {
  const { dial, accepted, counters } = await listening(t, { connectionsMax: 1 });
  await dial();
  const second = await dial();
  second.resume();
  await once(second, 'close');
  assert.equal(accepted.length, 1);
  assert.equal(counters.refused.connections_max, 1);
});

test('connections beyond the rate are closed at once and counted, until the second is over', async (t) => {
  const clock = new SimulatedClock();
  const { dial, served, counters } = await listening(t, { acceptRateMax: 2 }, { clock });
  for (let i = 0; i < 2; i++) await dial();
  await readToEnd(await dial());
  assert.equal(counters.refused.accept_rate, 1);
  clock.advance(500);
  await dial();
  await served(2);
});

test('all listeners together take no more connections than allowed', async (t) => {
  const { dial, accepted } = await listening(t, {}, { connectionsMax: 1 });
  await dial();
  const second = await dial();
  second.resume();
  await once(second, 'close');
  assert.equal(accepted.length, 1);
});

test('a peer that takes the last bytes and never closes is cut off after the linger time', async (t) => {
  const clock = new SimulatedClock();
  const { dial, served } = await listening(t, {}, { clock });
  const socket = await dial();
  const recorder = await served();
  socket.allowHalfOpen = true;
  put(recorder.transport, 'goodbye');
  recorder.transport.end();
  assert.equal((await read(socket, 7)).toString(), 'goodbye');
  await once(socket, 'end');
  clock.advance(lingerMs - 1);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(recorder.isClosed, false);
  clock.advance(1);
  await recorder.until(() => recorder.isClosed);
});

test('a stop cuts off after the linger time who takes nothing, whatever it still should have got', async (t) => {
  const clock = new SimulatedClock();
  const { dial, served, listeners, counters } = await listening(t, {}, { clock });
  const socket = await dial();
  socket.pause();
  const recorder = await served();
  for (let i = 0; i < 256; i++) put(recorder.transport, Buffer.alloc(64 * 1024));
  await new Promise((resolve) => setImmediate(resolve));
  const stopped = listeners.stop();
  clock.advance(lingerMs);
  await stopped;
  assert.equal(recorder.isClosed, true);
  assert.equal(counters.connections, 0);
});
