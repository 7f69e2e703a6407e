import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ByteWriter } from '../../std/bytes.ts';
import type { Random } from '../../std/testing/random.ts';
import { forSeeds } from '../../std/testing/seed.ts';
import { FrameReader } from './frames.ts';
import { GatherBudget } from './gather-budget.ts';
import { MalformedPacket } from './malformed.ts';
import { PacketType, type ProtocolVersion } from './packets.ts';
import { type AnyPacket, encodeAny, readPackets } from './testing/any-packet.ts';
import { cutUp } from './testing/broken-bytes.ts';
import { packetTypesOf, randomPacket } from './testing/random-packet.ts';
import { writeFrame } from './write-frame.ts';

interface Frame {
  readonly buffer: Buffer;
  readonly bytes: string;
}

describe('FrameReader', () => {
  it('hands out a packet that lies in one chunk where it lies', () => {
    const { reader, frames } = collect();
    const chunk = Buffer.from('c0003003000161d000', 'hex');
    reader.push(chunk);
    assert.deepEqual(
      frames.map((frame) => frame.bytes),
      ['c0:', '30:000161', 'd0:'],
    );
    assert.ok(frames.every((frame) => frame.buffer === chunk));
    assert.equal(reader.buffered, 0);
  });

  it('gathers a packet that arrives byte by byte', () => {
    const { reader, frames } = collect();
    const packet = Buffer.concat([Buffer.from('308001', 'hex'), Buffer.alloc(128, 7)]);
    for (const [index] of packet.entries()) {
      assert.equal(reader.buffered, index);
      reader.push(packet.subarray(index, index + 1));
    }
    assert.deepEqual(
      frames.map((frame) => frame.bytes),
      [`30:${'07'.repeat(128)}`],
    );
    assert.equal(reader.buffered, 0);
  });

  it('gathers in the same memory again when a packet was handled, and not before', () => {
    const { reader, frames } = collect();
    for (const byte of [1, 2, 3]) {
      reader.push(Buffer.from('3003', 'hex'));
      reader.push(Buffer.from([byte, byte, byte]));
    }
    assert.deepEqual(
      frames.map((frame) => frame.bytes),
      ['30:010101', '30:020202', '30:030303'],
    );
    assert.equal(new Set(frames.map(({ buffer }) => buffer)).size, 1);
  });

  it('has other memory for each of two connections that gather at once, and gives it back when one stops', () => {
    const budget = new GatherBudget();
    const bytes: string[] = [];
    const frame = (buffer: Buffer, _firstByte: number, bodyStart: number, bodyEnd: number): boolean =>
      bytes.push(buffer.toString('hex', bodyStart, bodyEnd)) > 0;
    const [one, two, three] = [1, 2, 3].map(() => new FrameReader({ frame }, 1000, budget));
    one.push(Buffer.from('300301', 'hex'));
    two.push(Buffer.from('300302', 'hex'));
    three.push(Buffer.from('300303', 'hex'));
    assert.throws(() => three.push(Buffer.from('0303c0ffffffffff', 'hex')));
    two.push(Buffer.from('0202', 'hex'));
    one.push(Buffer.from('0101', 'hex'));
    assert.deepEqual(bytes, ['030303', '020202', '010101']);
  });

  it('sets aside no more than what arrived asks for, whatever the header announces', () => {
    const { reader, frames } = collect(300_000_000);
    reader.push(Buffer.from('30ffffff7f', 'hex'));
    const before = process.memoryUsage().arrayBuffers;
    reader.push(Buffer.alloc(1));
    assert.ok(process.memoryUsage().arrayBuffers - before < 1_000_000);
    assert.equal(reader.buffered, 6);
    assert.equal(frames.length, 0);
  });

  it('copies a large packet a bounded number of times', () => {
    const { reader, frames } = collect(20_000_000);
    const body = Buffer.alloc(10_000_000, 3);
    const header = Buffer.from('3080ade204', 'hex');
    const copied = countCopiedBytes(() => {
      reader.push(header);
      for (let at = 0; at < body.length; at += 1000) reader.push(body.subarray(at, at + 1000));
    });
    assert.equal(frames.length, 1);
    assert.equal(frames[0].buffer.length, header.length + body.length);
    assert.ok(copied < 4 * body.length, `${copied} bytes were copied for ${body.length}`);
  });

  it('takes the rest of a large packet where it was read to, without copying it', () => {
    const { reader, frames } = collect(2_000_000);
    const body = Buffer.from(Array.from({ length: 1_000_000 }, (_, at) => at % 251));
    const packet = Buffer.concat([Buffer.from('30c0843d', 'hex'), body]);
    const first = 70_000;
    assert.equal(reader.room(), undefined);
    const copied = countCopiedBytes(() => reader.push(packet.subarray(0, first)));
    const again = countCopiedBytes(() => {
      for (let at = first; at < packet.length; ) at += readTo(reader, packet.subarray(at, at + 200_000));
    });
    // The helper copies once, to where a socket would read.
    assert.deepEqual([copied, again], [first, packet.length - first]);
    assert.equal(frames.length, 1);
    assert.ok(frames[0].buffer.subarray(0, packet.length).equals(packet));
    assert.equal(reader.room(), undefined);
  });

  it('wants nothing read to what is shorter than a read, and nothing of the packet behind', () => {
    const { reader } = collect(2_000_000);
    const packet = Buffer.concat([Buffer.from('30c0843d', 'hex'), Buffer.alloc(1_000_000)]);
    reader.push(packet.subarray(0, 700_000));
    assert.equal(reader.room()?.length, packet.length - 700_000);
    reader.push(packet.subarray(700_000, packet.length - 65_535));
    assert.equal(reader.room(), undefined);
    reader.push(Buffer.concat([packet.subarray(packet.length - 65_535), packet.subarray(0, 3)]));
    assert.equal(reader.room(), undefined);
  });

  it('gives nobody the memory that a socket may still read to', () => {
    const budget = new GatherBudget();
    const reader = new FrameReader({ frame: () => true }, 2_000_000, budget);
    reader.push(Buffer.concat([Buffer.from('30c0843d', 'hex'), Buffer.alloc(99_996)]));
    const { buffer } = reader.room() as Buffer;
    reader.close();
    assert.equal(budget.lentBytes, 0);
    assert.ok(budget.take(1_000_004, 1_000_004)?.buffer !== buffer);
  });

  it('stops and drops the rest when the handler says so, also in later chunks', () => {
    let count = 0;
    const reader = new FrameReader({ frame: () => ++count < 2 }, 1000);
    reader.push(Buffer.from('c000c000c000c0', 'hex'));
    reader.push(Buffer.from('00c000', 'hex'));
    assert.equal(count, 2);
    assert.equal(reader.buffered, 0);
  });

  it('stops when the handler refuses a packet that was gathered', () => {
    let count = 0;
    const reader = new FrameReader({ frame: () => ++count < 1 }, 1000);
    reader.push(Buffer.from('c0', 'hex'));
    reader.push(Buffer.from('00c000', 'hex'));
    assert.equal(count, 1);
    assert.equal(reader.buffered, 0);
  });

  it('stops after an error', () => {
    const { reader, frames } = collect();
    reader.push(Buffer.from('c0808080', 'hex'));
    assert.throws(() => reader.push(Buffer.from('80', 'hex')), refusal(0x81));
    reader.push(Buffer.from('c000', 'hex'));
    assert.equal(frames.length, 0);
    assert.equal(reader.buffered, 0);
  });

  it('refuses a fifth length byte as soon as the fourth says that there is one', () => {
    for (const chunks of [['c0ffffffff'], ['c0', 'ff', 'ff', 'ff', 'ff']]) {
      const { reader } = collect();
      const last = chunks.pop() as string;
      for (const chunk of chunks) reader.push(Buffer.from(chunk, 'hex'));
      assert.throws(() => reader.push(Buffer.from(last, 'hex')), refusal(0x81));
    }
  });

  it('takes a packet of exactly the largest size and refuses one more byte, before its body arrives', () => {
    const { reader, frames } = collect(5);
    reader.push(Buffer.from('3003000161', 'hex'));
    assert.equal(frames.length, 1);
    assert.throws(() => reader.push(Buffer.from('3004', 'hex')), refusal(0x95));
  });

  it('refuses a too large packet whose header came in pieces', () => {
    const { reader } = collect(100);
    reader.push(Buffer.from('30ff', 'hex'));
    assert.throws(() => reader.push(Buffer.from('01', 'hex')), refusal(0x95));
  });

  it('takes larger packets from where the handler raised the limit', () => {
    const sizes: number[] = [];
    const frame = (_buffer: Buffer, _firstByte: number, bodyStart: number, bodyEnd: number): boolean => {
      sizes.push(bodyEnd - bodyStart);
      reader.packetBytesMax = 200;
      return true;
    };
    const reader = new FrameReader({ frame }, 4);
    reader.push(Buffer.concat([Buffer.from('c0003064', 'hex'), Buffer.alloc(100)]));
    assert.deepEqual(sizes, [0, 100]);
  });

  it('finds the same packets wherever a stream is cut in two', () => {
    forSeeds(1, (random) => {
      const { bytes, packets } = stream(5, random, 12);
      for (let cut = 0; cut <= bytes.length; cut++) {
        assert.deepEqual(readPackets([bytes.subarray(0, cut), bytes.subarray(cut)], 5), packets, `cut at ${cut}`);
      }
    });
  });

  it('finds the same large packets, however much of them is read to where it belongs', () => {
    forSeeds(30, (random) => {
      const bodies = random.list(1, 4, () => {
        const start = random.bytes(10_000);
        const middle = Buffer.alloc(random.pick([0, 60_000, 300_000, 2_000_000]), start[0]);
        return Buffer.concat([start, middle, random.bytes(100)]);
      });
      const writer = new ByteWriter();
      for (const body of bodies) writeFrame(writer, 0x30, body);
      const found: Buffer[] = [];
      const frame = (buffer: Buffer, _firstByte: number, bodyStart: number, bodyEnd: number): boolean =>
        found.push(Buffer.from(buffer.subarray(bodyStart, bodyEnd))) > 0;
      const reader = new FrameReader({ frame }, 3_000_000);
      const bytes = writer.bytes();
      for (let at = 0; at < bytes.length; ) at += readTo(reader, bytes.subarray(at, at + random.between(1, 200_000)));
      assert.deepEqual(found, bodies);
    });
  });

  for (const version of [4, 5] as const) {
    it(`finds the same packets of version ${version} in any chunks`, () => {
      forSeeds(100, (random) => {
        const { bytes, packets } = stream(version, random, 40);
        assert.deepEqual(readPackets(cutUp(bytes, random), version), packets);
      });
    });
  }
});

function collect(packetBytesMax = 1000): { reader: FrameReader; frames: Frame[] } {
  const frames: Frame[] = [];
  const frame = (buffer: Buffer, firstByte: number, bodyStart: number, bodyEnd: number): boolean => {
    const body = bodyEnd - bodyStart > 10_000 ? 'long' : buffer.toString('hex', bodyStart, bodyEnd);
    frames.push({ buffer, bytes: `${firstByte.toString(16)}:${body}` });
    return true;
  };
  return { reader: new FrameReader({ frame }, packetBytesMax), frames };
}

/** Pushes as much of the bytes as one read would bring, as a socket that asks where to. */
function readTo(reader: FrameReader, bytes: Buffer): number {
  const memory = reader.room() ?? Buffer.alloc(65_536);
  const read = bytes.copy(memory);
  reader.push(memory.subarray(0, read));
  return read;
}

function refusal(reasonCode: number): (problem: unknown) => boolean {
  return (problem) => problem instanceof MalformedPacket && problem.reasonCode === reasonCode;
}

/** Bytes that Buffer.copy moves while `work` runs. */
function countCopiedBytes(work: () => void): number {
  const { copy } = Buffer.prototype;
  let copied = 0;
  Buffer.prototype.copy = function (this: Buffer, ...args: Parameters<Buffer['copy']>): number {
    const count = copy.apply(this, args);
    copied += count;
    return count;
  };
  try {
    work();
  } finally {
    Buffer.prototype.copy = copy;
  }
  return copied;
}

function stream(version: ProtocolVersion, random: Random, count: number): { bytes: Buffer; packets: AnyPacket[] } {
  // A CONNECT brings its own version, but the reader of a stream has one.
  const types = packetTypesOf(version).filter((type) => type !== PacketType.connect);
  const packets = random.list(count, count, () => randomPacket(random, random.pick(types), version));
  const writer = new ByteWriter();
  for (const packet of packets) encodeAny(writer, packet, version);
  return { bytes: writer.bytes(), packets };
}
