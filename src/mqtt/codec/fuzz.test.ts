import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ByteWriter } from '../../std/bytes.ts';
import { MalformedPacket } from './malformed.ts';
import type { ProtocolVersion } from './packets.ts';
import { type AnyPacket, decodeAny, encodeAny, readPackets } from './testing/any-packet.ts';
import { Random } from './testing/random.ts';
import { packetTypesOf, randomPacket } from './testing/random-packet.ts';
import { inputCount, seed } from './testing/seed.ts';

const inputs = inputCount(20_000);
/** Bytes on both sides of a body that no decoder may look at. */
const margin = 16;

describe('the decoders, given anything', () => {
  for (const version of [4, 5] as const) {
    it(`answer a packet or refuse it, on version ${version}`, () => {
      let accepted = 0;
      for (let run = 0; run < inputs; run++) {
        const random = new Random(seed + run);
        const { firstByte, body } = broken(random, version);
        if (check(firstByte, body, version, `seed ${seed + run}: ${firstByte.toString(16)} ${body.toString('hex')}`)) {
          accepted++;
        }
      }
      // Both outcomes are tried, or the inputs are not worth much.
      assert.ok(accepted > inputs / 50 && accepted < inputs * 0.9, `${accepted} of ${inputs} were packets`);
    });
  }

  it('answer packets or refuse a stream of random bytes, and end', () => {
    for (let run = 0; run < inputs / 10; run++) {
      const random = new Random(seed + run);
      const chunks = random.list(1, 20, () => random.bytes(200));
      outcome(() => readPackets(chunks, random.chance(50) ? 4 : 5, 10_000), `seed ${seed + run}`);
    }
  });
});

/** True when the body is a packet, which then must survive being written and read again. */
function check(firstByte: number, body: Buffer, version: ProtocolVersion, hint: string): boolean {
  const packet = outcome(() => decodeAny(body, firstByte, 0, body.length, version), hint);
  checkMargins(firstByte, body, version, packet, hint);
  if (typeof packet === 'string') return false;
  const writer = new ByteWriter(1);
  encodeAny(writer, packet, version);
  assert.deepEqual(readPackets([writer.bytes()], version), [packet], hint);
  return true;
}

/** The outcome is the same whatever stands around the body: nothing there is read. */
function checkMargins(
  firstByte: number,
  body: Buffer,
  version: ProtocolVersion,
  expected: AnyPacket | string,
  hint: string,
): void {
  for (const filler of [0x00, 0x01, 0xff]) {
    const around = Buffer.alloc(body.length + 2 * margin, filler);
    body.copy(around, margin);
    const packet = outcome(() => decodeAny(around, firstByte, margin, margin + body.length, version), hint);
    assert.deepEqual(packet, expected, `${hint}, between ${filler}`);
  }
}

/** The answer, or the words of the refusal. */
function outcome<T>(decode: () => T, hint: string): T | string {
  try {
    return decode();
  } catch (problem) {
    assert.ok(problem instanceof MalformedPacket, `${hint}: ${problem}`);
    return problem.message;
  }
}

interface Input {
  readonly firstByte: number;
  readonly body: Buffer;
}

/** A valid packet with a few bytes changed, cut, doubled or put in, or noise from the start. */
function broken(random: Random, version: ProtocolVersion): Input {
  if (random.chance(10)) return { firstByte: random.below(256), body: random.bytes(40) };
  const writer = new ByteWriter(1);
  encodeAny(writer, randomPacket(random, random.pick(packetTypesOf(version)), version), version);
  const whole = writer.bytes();
  let body: Buffer = Buffer.from(whole.subarray(whole.findIndex((byte, index) => index > 0 && byte < 0x80) + 1));
  for (let change = random.below(4); change > 0; change--) body = changed(random, body);
  return { firstByte: random.chance(95) ? whole[0] : random.below(256), body };
}

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
      return Buffer.from(body.subarray(0, at));
    default: {
      const copy = Buffer.from(body);
      if (at < copy.length) copy[at] = random.chance(50) ? random.below(256) : random.pick([0, 1, 0x7f, 0x80, 0xff]);
      return copy;
    }
  }
}
