import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { Transport, TransportHandler } from '../broker/transport.ts';
import { silentLog } from '../std/log.ts';
import { TcpListener } from './tcp-listener.ts';

/** The other side of the transport: keeps what came, and lets a test wait for things to happen. */
class Recorder implements TransportHandler {
  readonly transport: Transport;
  received = Buffer.alloc(0);
  drains = 0;
  isClosed = false;
  #changed: () => void = () => undefined;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  receive(chunk: Buffer): void {
    this.received = Buffer.concat([this.received, chunk]);
    this.#changed();
  }

  drained(): void {
    this.drains++;
    this.#changed();
  }

  closed(): void {
    this.isClosed = true;
    this.#changed();
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }
}

async function listening(
  t: TestContext,
  connectionsMax = 100,
): Promise<{ listener: TcpListener; accepted: Recorder[]; dial(): Promise<Socket> }> {
  const accepted: Recorder[] = [];
  const counters = { connections: 0, connectionsTotal: 0 };
  const listener = new TcpListener({
    options: { host: '127.0.0.1', port: 0, connectionsMax, profile: { access: { listener: 'test' } } },
    accept: (transport) => {
      const recorder = new Recorder(transport);
      accepted.push(recorder);
      return recorder;
    },
    sayGoodbye: () => undefined,
    counters,
    log: silentLog,
  });
  await listener.start();
  const sockets: Socket[] = [];
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    await listener.stop();
  });
  const dial = async (): Promise<Socket> => {
    const socket = connect(listener.port, '127.0.0.1');
    sockets.push(socket);
    await once(socket, 'connect');
    return socket;
  };
  return { listener, accepted, dial };
}

/** Reads until `bytes` have come. */
async function read(socket: Socket, bytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  while (size < bytes) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    chunks.push(chunk);
    size += chunk.length;
  }
  return Buffer.concat(chunks);
}

async function pair(t: TestContext): Promise<{ socket: Socket; recorder: Recorder }> {
  const { accepted, dial } = await listening(t);
  const socket = await dial();
  socket.write('hello');
  while (accepted.length === 0) await new Promise((resolve) => setImmediate(resolve));
  await accepted[0].until(() => accepted[0].received.toString() === 'hello');
  return { socket, recorder: accepted[0] };
}

function put(transport: Transport, bytes: Buffer): void {
  transport.reserve(bytes.length);
  transport.append(bytes);
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

test('a paused connection that ends is closed as soon as its peer closes', async (t) => {
  const { socket, recorder } = await pair(t);
  // The time that a peer is given does not pass.
  t.mock.timers.enable({ apis: ['setTimeout'] });
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

test('one connection more than allowed is closed at once', async (t) => {
  const { dial, accepted } = await listening(t, 1);
  await dial();
  const second = await dial();
  second.resume();
  await once(second, 'close');
  assert.equal(accepted.length, 1);
});
