import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { FrameReader } from '../mqtt/codec/frames.ts';
import { SharedReading } from './shared-reading.ts';
import { Turn } from './turn.ts';
import { type ReadCallback, shortReadBytesMax } from './turn-input.ts';

/** What a server's side of one connection got, with the memory in which it came. */
class Reader {
  readonly socket: Socket;
  readonly memory = new Set<ArrayBufferLike>();
  text = '';
  room: Buffer | undefined;
  /** Gets each read. */
  push: ReadCallback = () => undefined;
  bytes = 0;
  /** Asked for each read. */
  afterRead: () => void = () => undefined;
  #changed: () => void = () => undefined;

  constructor(reading: SharedReading, accepted: Socket) {
    this.socket = reading.adopt(
      accepted,
      (bytes) => {
        this.memory.add(bytes.buffer);
        this.text += bytes.toString();
        this.bytes += bytes.length;
        this.push(bytes);
        this.afterRead();
        this.#changed();
      },
      () => this.room,
    );
  }

  until(text: string): Promise<void> {
    return this.#until(() => this.text === text);
  }

  untilBytes(bytes: number): Promise<void> {
    return this.#until(() => this.bytes === bytes);
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }
}

async function serving(
  t: TestContext,
  turn: Pick<Turn, 'keep' | 'handle'> = new Turn({ bytesOut: 0 }),
): Promise<{ server: Server; dial(): Promise<{ client: Socket; reader: Reader }> }> {
  const reading = new SharedReading(turn);
  const readers: Reader[] = [];
  const server = createServer({ pauseOnConnect: true }, (accepted) => readers.push(new Reader(reading, accepted)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const clients: Socket[] = [];
  t.after(() => {
    for (const client of clients) client.destroy();
    server.close();
  });
  const dial = async (): Promise<{ client: Socket; reader: Reader }> => {
    const { port } = server.address() as { port: number };
    const accepted = once(server, 'connection');
    const client = connect(port, '127.0.0.1');
    clients.push(client);
    await Promise.all([accepted, once(client, 'connect')]);
    return { client, reader: readers[readers.length - 1] };
  };
  return { server, dial };
}

test('what is short is shown in the same memory, whichever socket it is of', async (t) => {
  const { dial } = await serving(t);
  const one = await dial();
  const two = await dial();
  one.client.write('one');
  await one.reader.until('one');
  two.client.write('two');
  await two.reader.until('two');
  one.client.write(', again');
  await one.reader.until('one, again');
  const memory = new Set([...one.reader.memory, ...two.reader.memory]);
  assert.equal(memory.size, 1);
});

test('a socket is read to the memory that is wanted next, and to the shared one when none is', async (t) => {
  const { dial } = await serving(t);
  const { client, reader } = await dial();
  const room = Buffer.alloc(5);
  const begin = 'begin'.repeat(shortReadBytesMax);
  reader.afterRead = () => {
    reader.room = reader.text === begin ? room : undefined;
  };
  client.write(begin);
  await reader.until(begin);
  client.write(' next');
  await reader.until(`${begin} next`);
  assert.equal(room.toString(), ' next');
  assert.equal(reader.memory.size, 2);
  assert.ok(reader.memory.has(room.buffer));
  const other = await dial();
  other.client.write(begin);
  await other.reader.until(begin);
  for (const memory of other.reader.memory) assert.ok(reader.memory.has(memory));
});

test('room that is asked for behind a short read is that of the read behind the next', async (t) => {
  const { dial } = await serving(t);
  const { client, reader } = await dial();
  const room = Buffer.alloc(6);
  reader.afterRead = () => {
    reader.room = room;
  };
  client.write('begin');
  await reader.until('begin');
  client.write(', next');
  await reader.until('begin, next');
  assert.equal(room.toString('latin1'), '\0'.repeat(6));
  client.write(', last');
  await reader.until('begin, next, last');
  assert.equal(room.toString(), ', last');
});

/** A PUBLISH of so many bytes, each of them another than its neighbours. */
function packetOf(bytes: number): Buffer {
  const length = [0x80 | (bytes & 0x7f), 0x80 | ((bytes >> 7) & 0x7f), bytes >> 14];
  const body = Buffer.from(Array.from({ length: bytes }, (_, at) => (at * 31 + (at >> 8)) & 0xff));
  return Buffer.concat([Buffer.from([0x30, ...length]), body]);
}

for (const pieceBytes of [536, 1_000, shortReadBytesMax]) {
  test(`a large packet that comes ${pieceBytes} bytes at a time is whole`, async (t) => {
    const packet = packetOf(200_000);
    let whole: Buffer | undefined;
    const frames = new FrameReader(
      {
        frame(buffer, _firstByte, bodyStart, bodyEnd) {
          whole = Buffer.from(buffer.subarray(bodyStart, bodyEnd));
          return true;
        },
      },
      packet.length,
    );
    const { dial } = await serving(t);
    const { client, reader } = await dial();
    reader.push = (bytes) => frames.push(bytes);
    reader.afterRead = () => {
      reader.room = frames.room();
    };
    for (let at = 0; at < packet.length; at += pieceBytes) {
      client.write(packet.subarray(at, at + pieceBytes));
      await reader.untilBytes(Math.min(at + pieceBytes, packet.length));
    }
    assert.ok(whole?.equals(packet.subarray(4)));
  });
}

test('a long read is handled behind the short ones that are kept', async (t) => {
  const kept: [Buffer, ReadCallback][] = [];
  let changed: () => void = () => undefined;
  const { dial } = await serving(t, {
    keep(read, bytes, callback) {
      kept.push([Buffer.from(read.subarray(0, bytes)), callback]);
      changed();
    },
    handle() {
      for (const [bytes, callback] of kept.splice(0)) callback(bytes);
    },
  });
  const { client, reader } = await dial();
  const isKept = new Promise<void>((resolve) => {
    changed = resolve;
  });
  client.write('short');
  await isKept;
  assert.equal(reader.text, '');
  const long = 'long'.repeat(shortReadBytesMax);
  client.write(long);
  await reader.until(`short${long}`);
});

test('a socket that is resumed and paused again in one turn is not read', async (t) => {
  const { dial } = await serving(t);
  const { client, reader } = await dial();
  reader.socket.pause();
  reader.socket.resume();
  reader.socket.pause();
  client.write('early');
  // A round trip over another connection: the bytes above have come by then.
  const other = await dial();
  other.client.write('x');
  await other.reader.until('x');
  assert.equal(reader.text, '');
  reader.socket.resume();
  await reader.until('early');
});

test('a socket that is paused while it is read gives no more until it is resumed', async (t) => {
  const { dial } = await serving(t);
  const { client, reader } = await dial();
  let reads = 0;
  reader.afterRead = () => {
    reads++;
    reader.socket.pause();
    setImmediate(() => {
      assert.equal(reads, 1);
      reads = 0;
      reader.socket.resume();
    });
  };
  const text = 'much '.repeat(100_000);
  client.end(text);
  await reader.until(text);
});

test('an adopted socket can be written to, tells its end, and is one of the connections of its server', async (t) => {
  const { server, dial } = await serving(t);
  const { client, reader } = await dial();
  assert.equal(await connectionsOf(server), 1);
  reader.socket.write('answer');
  const [answer] = (await once(client, 'data')) as [Buffer];
  assert.equal(answer.toString(), 'answer');
  client.end();
  await once(reader.socket, 'close');
  assert.equal(await connectionsOf(server), 0);
});

test('a socket that breaks says so', async (t) => {
  const { dial } = await serving(t);
  const { client, reader } = await dial();
  const broken = once(reader.socket, 'error');
  client.resetAndDestroy();
  assert.equal((await broken)[0].code, 'ECONNRESET');
});

test('a server that closes waits for adopted sockets', async (t) => {
  const { server, dial } = await serving(t);
  const { reader } = await dial();
  let closed = false;
  server.close(() => {
    closed = true;
  });
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(closed, false);
  reader.socket.destroy();
  await once(server, 'close');
});

test('what has no handle of the operating system is read as usual', async () => {
  const stream = new PassThrough();
  stream.pause();
  let text = '';
  const socket = new SharedReading(new Turn({ bytesOut: 0 })).adopt(
    stream as unknown as Socket,
    (bytes) => {
      text += bytes.toString();
    },
    () => undefined,
  );
  assert.equal(socket, stream as unknown);
  stream.end('as usual');
  await once(stream, 'end');
  assert.equal(text, 'as usual');
});

function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
  });
}
