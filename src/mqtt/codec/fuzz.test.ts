import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ByteWriter } from '../../std/bytes.ts';
import { forSeeds, scaled } from '../../std/testing/seed.ts';
import { FrameReader } from './frames.ts';
import { MalformedPacket } from './malformed.ts';
import type { ProtocolVersion } from './packets.ts';
import { type AnyPacket, decodeAny, encodeAny, readPackets } from './testing/any-packet.ts';
import { type BrokenPacket, brokenPacket, brokenStream, cutUp } from './testing/broken-bytes.ts';

// A million inputs: both versions have so many of each.
const packets = 400_000;
const streams = 100_000;

/** Bytes on both sides of a body that no decoder may look at. */
const margin = 16;
/** The body under test between its margins. */
const arena = Buffer.alloc(65_536);
const written = new ByteWriter(65_536);

describe('the decoders, given anything', () => {
  const { stackTraceLimit } = Error;
  // Half of the inputs are refused, and a stack that nobody reads takes most of the time.
  before(() => {
    Error.stackTraceLimit = 0;
  });
  after(() => {
    Error.stackTraceLimit = stackTraceLimit;
  });

  for (const version of [4, 5] as const) {
    it(`answer a packet that survives being written and read, or refuse it, on version ${version}`, () => {
      let accepted = 0;
      forSeeds(packets, (random) => {
        const input = brokenPacket(random, version);
        try {
          if (isPacket(input, version)) accepted++;
        } catch (problem) {
          throw new Error(`0x${input.firstByte.toString(16)} ${input.body.toString('hex')}: ${problem}`);
        }
      });
      // Both outcomes are tried, or the inputs are not worth much.
      const inputs = scaled(packets);
      if (inputs > 1_000) assert.ok(accepted > inputs / 10 && accepted < inputs * 0.9, `${accepted} of ${inputs}`);
    });

    it(`find the same packets and the same end of a broken stream, however it is cut, on version ${version}`, () => {
      forSeeds(streams, (random) => {
        const stream = brokenStream(random, version);
        // Without a limit of its own a reader must not make room for what a header announces.
        const packetBytesMax = random.pick([200, 268_435_460]);
        const whole = read([stream], version, packetBytesMax);
        assert.deepEqual(read(cutUp(stream, random), version, packetBytesMax), whole, stream.toString('hex'));
      });
    });
  }
});

/** True when the body is a packet, which then must survive being written and read again. */
function isPacket({ firstByte, body }: BrokenPacket, version: ProtocolVersion): boolean {
  const end = margin + body.length;
  body.copy(arena, margin);
  const decode = (filler: number): AnyPacket | string => {
    arena.fill(filler, 0, margin).fill(filler, end, end + margin);
    return packetOrRefusal(() => decodeAny(arena, firstByte, margin, end, version));
  };
  const packet = decode(0x00);
  const again = decode(0xff);
  if (typeof packet === 'string' || typeof again === 'string') {
    assert.equal(again, packet, 'what stands around the body changes the refusal');
    return false;
  }
  const bytes = encoded(packet, version);
  assert.deepEqual(encoded(again, version), bytes, 'what stands around the body changes the packet');
  assert.ok(bytes.length <= body.length + 5, `${body.length} bytes of body became a packet of ${bytes.length}`);
  assert.deepEqual(readPackets([bytes], version), [packet]);
  return true;
}

function encoded(packet: AnyPacket, version: ProtocolVersion): Buffer {
  written.position = 0;
  encodeAny(written, packet, version);
  return Buffer.from(written.bytes());
}

/** The answer, or the words of the refusal. */
function packetOrRefusal<T>(decode: () => T): T | string {
  try {
    return decode();
  } catch (problem) {
    if (!(problem instanceof MalformedPacket)) throw problem;
    return `${problem.reasonCode} ${problem.message}`;
  }
}

/** The packets of a stream, and behind them the words of the refusal or how many bytes are left. */
function read(chunks: readonly Buffer[], version: ProtocolVersion, packetBytesMax: number): (AnyPacket | string)[] {
  const found: (AnyPacket | string)[] = [];
  const frame = (buffer: Buffer, firstByte: number, bodyStart: number, bodyEnd: number): boolean => {
    const body = Buffer.from(buffer.subarray(bodyStart, bodyEnd));
    found.push(decodeAny(body, firstByte, 0, body.length, version));
    return true;
  };
  const reader = new FrameReader({ frame }, packetBytesMax);
  let arrived = 0;
  for (const chunk of chunks) {
    const refusal = packetOrRefusal(() => reader.push(chunk));
    arrived += chunk.length;
    assert.ok(reader.buffered <= arrived, `${reader.buffered} bytes are kept of ${arrived}`);
    if (refusal !== undefined) return [...found, refusal];
  }
  return [...found, `${reader.buffered} bytes are left`];
}
