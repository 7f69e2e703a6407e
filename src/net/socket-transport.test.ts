import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { GatherPool } from '../mqtt/codec/gather-pool.ts';
import { SimulatedClock } from '../std/clock.ts';
import { forSeedsInTurn } from '../std/testing/seed.ts';
import { type Chunk, ChunkPool, smallBytes } from './chunk-pool.ts';
import { SocketTransport } from './socket-transport.ts';
import { Turn } from './turn.ts';

/** A socket that takes one write after the other, when the test says so. */
class SlowSocket extends Writable {
  readonly taken: string[] = [];
  #done: (() => void) | undefined;

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.taken.push(chunk.toString());
    this.#done = done;
  }

  async takeOne(): Promise<void> {
    const done = this.#done;
    this.#done = undefined;
    done?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Says how much of its memory is out. */
class CountedChunks extends ChunkPool {
  heldBytes = 0;

  override take(size: number): Chunk {
    return this.#counted(super.take(size));
  }

  override takeFitting(size: number): Chunk {
    return size <= smallBytes ? super.takeFitting(size) : this.#counted(super.takeFitting(size));
  }

  override letGo(chunk: Chunk): void {
    this.heldBytes -= chunk.memory.length;
    super.letGo(chunk);
  }

  #counted(chunk: Chunk): Chunk {
    this.heldBytes += chunk.memory.length;
    return chunk;
  }
}

function connected(
  socket: Writable,
  drained: () => void = () => undefined,
  pool = new ChunkPool(),
): { transport: SocketTransport; gathering: GatherPool } {
  const gathering = new GatherPool();
  const shared = { pool, turn: new Turn({ bytesOut: 0 }), gathering, clock: new SimulatedClock() };
  const peer = { remoteAddress: '', certificate: undefined, listener: { access: { listener: 'x' } } };
  return { transport: new SocketTransport(socket as Socket, peer, shared, drained), gathering };
}

test('a large packet is sent from where it was gathered, which is not used again before the socket has taken it', async () => {
  const socket = new SlowSocket();
  const { transport, gathering } = connected(socket);
  const packet = gathering.take(20_000).fill('x');
  transport.append(packet, 2, 19_000, false);
  gathering.letGo(packet);
  transport.flush();
  assert.notEqual(gathering.take(20_000), packet);
  await socket.takeOne();
  assert.equal(gathering.take(20_000), packet);
  assert.deepEqual(socket.taken, ['x'.repeat(18_998)]);
});

test('a payload that is a small part of what was gathered, or of what it was read from, is copied out of it', async () => {
  const socket = new SlowSocket();
  const { transport, gathering } = connected(socket);
  const packet = gathering.take(300_000).fill('x');
  transport.append(packet, 280_000, 300_000, false);
  gathering.letGo(packet);
  transport.flush();
  assert.ok(gathering.take(300_000) === packet);
  packet.fill('y');
  const row = Buffer.alloc(300_000, 'z');
  transport.append(row, 280_000, 300_000, true);
  row.fill('y');
  transport.flush();
  for (let i = 0; i < 10; i++) await socket.takeOne();
  assert.ok(socket.taken.join('') === 'x'.repeat(20_000) + 'z'.repeat(20_000), 'the bytes differ');
});

test('what waits for a slow socket keeps a small multiple of its size, whatever was written, and leaves as it was written', async () => {
  await forSeedsInTurn(5, async (random) => {
    const socket = new SlowSocket();
    const pool = new CountedChunks();
    const { transport, gathering } = connected(socket, undefined, pool);
    const written: string[] = [];
    let gatheredBytes = 0;
    let references = 0;
    for (let i = 0; i < 100; i++) {
      const letter = String.fromCharCode(97 + (i % 26));
      const head = random.pick([0, 20, 5_000, 20_000, 33_000, 60_000, 70_000]);
      transport.reserve(head);
      transport.buffer.fill(letter, transport.position, transport.position + head);
      transport.position += head;
      const packet = gathering.take(random.pick([17_000, 40_000, 300_000])).fill(letter.toUpperCase());
      const payload = random.pick([0, 100, 16_384, 17_000, packet.length]);
      if (payload > 0) transport.append(packet, packet.length - payload, packet.length, false);
      gathering.letGo(packet);
      if (gathering.hold(packet)) {
        gathering.letGo(packet);
        gatheredBytes += packet.length;
        references++;
      }
      if (i === 20) transport.flush();
      written.push(letter.repeat(head), letter.toUpperCase().repeat(payload));
    }
    const held = pool.heldBytes + gatheredBytes;
    const most = 2 * transport.bufferedBytes + references * smallBytes + 2 * 65_536;
    assert.ok(held <= most, `${held} bytes are held for ${transport.bufferedBytes}, at most ${most} may be`);
    transport.flush();
    while (transport.bufferedBytes > 0) await socket.takeOne();
    assert.equal(pool.heldBytes, 0);
    assert.ok(socket.taken.join('') === written.join(''), 'the bytes differ');
  });
});

test('memory that was held for a connection that is gone can be used again', () => {
  const { transport, gathering } = connected(new SlowSocket());
  const packet = gathering.take(20_000);
  transport.append(packet, 0, 20_000, false);
  gathering.letGo(packet);
  transport.discard();
  assert.equal(gathering.take(20_000), packet);
});

test('memory whose connection goes while the operating system has it is neither used again nor kept for ever', () => {
  const { transport, gathering } = connected(new SlowSocket());
  const packet = gathering.take(20_000);
  transport.append(packet, 0, 20_000, false);
  transport.flush();
  transport.discard();
  assert.equal(gathering.hold(packet), true);
  gathering.letGo(packet);
  gathering.letGo(packet);
  assert.equal(gathering.hold(packet), false);
  assert.notEqual(gathering.take(20_000), packet);
});

test('much output begins to leave before the turn is over, and nobody is called back in the middle of it', async () => {
  let drains = 0;
  const socket = new SlowSocket();
  const { transport } = connected(socket, () => drains++);
  for (let i = 0; i < 200; i++) transport.append(Buffer.alloc(1_000, 'x'), 0, 1_000, false);
  assert.equal(socket.taken.length, 1);
  assert.equal(drains, 0);
  transport.flush();
  for (let i = 0; i < 10; i++) await socket.takeOne();
  assert.equal(socket.taken.join('').length, 200_000);
  assert.ok(drains > 0);
});

test('what others write to the socket, as answers to pings, holds up no output', async () => {
  const socket = new SlowSocket();
  const { transport } = connected(socket);
  const append = (text: string): void => transport.append(Buffer.from(text), 0, text.length, false);
  append('first');
  transport.flush();
  socket.write('pong');
  append('second');
  transport.flush();
  for (let i = 0; i < 3; i++) await socket.takeOne();
  assert.deepEqual(socket.taken, ['first', 'pong', 'second']);
  assert.equal(transport.bufferedBytes, 0);
});
