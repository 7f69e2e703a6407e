import assert from 'node:assert/strict';
import type { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { SimulatedClock } from '../std/clock.ts';
import { ChunkPool } from './chunk-pool.ts';
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
    this.#done?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('what others write to the socket, as answers to pings, holds up no output', async () => {
  const socket = new SlowSocket();
  const shared = { pool: new ChunkPool(), turn: new Turn({ bytesOut: 0 }), clock: new SimulatedClock() };
  const peer = { remoteAddress: '', certificate: undefined, listener: { access: { listener: 'x' } } };
  const transport = new SocketTransport(socket as Writable as Socket, peer, shared, () => undefined);
  transport.append(Buffer.from('first'));
  transport.flush();
  socket.write('pong');
  transport.append(Buffer.from('second'));
  transport.flush();
  for (let i = 0; i < 3; i++) await socket.takeOne();
  assert.deepEqual(socket.taken, ['first', 'pong', 'second']);
  assert.equal(transport.bufferedBytes, 0);
});
