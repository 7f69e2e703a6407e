import { ByteWriter } from '../../../std/bytes.ts';
import type { Random } from '../../../std/testing/random.ts';
import type { ProtocolVersion } from '../packets.ts';
import { encodeAny } from './any-packet.ts';
import { packetTypesOf, randomPacket } from './random-packet.ts';

export interface BrokenPacket {
  readonly firstByte: number;
  readonly body: Buffer;
}

/** A valid packet with a few bytes changed, cut, doubled or put in, or noise from the start; a fifth is whole. */
export function brokenPacket(random: Random, version: ProtocolVersion): BrokenPacket {
  if (random.chance(10)) return { firstByte: random.below(256), body: random.bytes(40) };
  const packet = wholePacket(random, version);
  let body = packet.body;
  for (let change = random.below(4); change > 0; change--) body = changed(random, body);
  return { firstByte: random.chance(95) ? packet.firstByte : random.below(256), body };
}

/** Some packets one behind the other, whole or broken, mostly in a frame that fits; the last may be cut off. */
export function brokenStream(random: Random, version: ProtocolVersion): Buffer {
  const parts = random.list(1, 4, () => {
    if (random.chance(3)) return random.bytes(20);
    const { firstByte, body } = random.chance(70) ? wholePacket(random, version) : brokenPacket(random, version);
    const announced = random.chance(95) ? body.length : random.pick([0, body.length + 1, 300, 268_435_455]);
    return Buffer.concat([Buffer.from([firstByte, ...remainingLength(announced)]), body]);
  });
  const stream = Buffer.concat(parts);
  return random.chance(20) ? stream.subarray(0, random.below(stream.length + 1)) : stream;
}

/** The bytes in chunks of their own, some of them empty. */
export function cutUp(bytes: Buffer, random: Random): Buffer[] {
  const chunks: Buffer[] = [];
  const longest = random.pick([2, 20, 3000]);
  for (let at = 0; at < bytes.length; ) {
    const end = at + random.between(0, longest);
    chunks.push(bytes.subarray(at, end));
    at = end;
  }
  return chunks;
}

function wholePacket(random: Random, version: ProtocolVersion): BrokenPacket {
  const writer = new ByteWriter(64);
  encodeAny(writer, randomPacket(random, random.pick(packetTypes[version]), version), version);
  const bytes = writer.bytes();
  let bodyStart = 2;
  while (bytes[bodyStart - 1] >= 0x80) bodyStart++;
  return { firstByte: bytes[0], body: bytes.subarray(bodyStart) };
}

const packetTypes = { 4: packetTypesOf(4), 5: packetTypesOf(5) };

function changed(random: Random, body: Buffer): Buffer {
  const at = random.below(body.length + 1);
  const until = random.between(at, Math.min(body.length, at + 8));
  switch (random.below(5)) {
    case 0:
      return Buffer.concat([body.subarray(0, at), random.bytes(4), body.subarray(at)]);
    case 1:
      return Buffer.concat([body.subarray(0, at), body.subarray(until)]);
    case 2:
      return Buffer.concat([body.subarray(0, until), body.subarray(at)]);
    case 3:
      return body.subarray(0, at);
    default: {
      const copy = Buffer.from(body);
      if (at < copy.length) copy[at] = random.chance(50) ? random.below(256) : random.pick([0, 1, 0x7f, 0x80, 0xff]);
      return copy;
    }
  }
}

function remainingLength(length: number): number[] {
  const bytes: number[] = [];
  let rest = length;
  do {
    bytes.push((rest % 128) | (rest >= 128 ? 0x80 : 0));
    rest = Math.floor(rest / 128);
  } while (rest > 0);
  return bytes;
}
