import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { ByteWriter } from '../../std/bytes.ts';
import { MalformedPacket } from './malformed.ts';
import type { ProtocolVersion } from './packets.ts';
import { type AnyPacket, encodeAny, readPackets } from './testing/any-packet.ts';

/** Bytes and what they mean, or the reason code with which they are refused. */
interface Vector {
  readonly name: string;
  readonly clause: string;
  readonly version: ProtocolVersion;
  readonly hex: string;
  /** Fields that are absent here read undefined; `{ "hex": … }` stands for bytes. */
  readonly packet?: Record<string, unknown>;
  /** False where the same packet is written in other bytes. */
  readonly canonical?: false;
  readonly reasonCode?: string;
}

for (const file of readdirSync(import.meta.dirname).filter((name) => name.endsWith('.vectors.json'))) {
  const vectors: Vector[] = JSON.parse(readFileSync(`${import.meta.dirname}/${file}`, 'utf8'));
  describe(file, () => {
    for (const vector of vectors) {
      const title = `${vector.version === 4 ? '3.1.1' : '5'}: ${vector.name} [${vector.clause}]`;
      if (vector.packet === undefined) it(`refuses ${title}`, () => checkRefused(vector));
      else it(`reads and writes ${title}`, () => checkAccepted(vector, vector.packet as Record<string, unknown>));
    }
  });
}

function checkAccepted(vector: Vector, packet: Record<string, unknown>): void {
  const expected = revive(packet);
  const [decoded, ...others] = readPackets([Buffer.from(vector.hex, 'hex')], vector.version);
  assert.deepEqual(others, []);
  assert.deepEqual(defined(decoded), expected);
  const writer = new ByteWriter(1);
  encodeAny(writer, expected as unknown as AnyPacket, vector.version);
  if (vector.canonical === false) {
    assert.notEqual(writer.bytes().toString('hex'), vector.hex);
    assert.deepEqual(readPackets([writer.bytes()], vector.version), [decoded]);
  } else {
    assert.equal(writer.bytes().toString('hex'), vector.hex);
  }
}

function checkRefused(vector: Vector): void {
  assert.throws(
    () => readPackets([Buffer.from(vector.hex, 'hex')], vector.version),
    (problem) => {
      assert.ok(problem instanceof MalformedPacket, String(problem));
      assert.equal(`0x${problem.reasonCode.toString(16)}`, vector.reasonCode, problem.message);
      return true;
    },
  );
}

function revive(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(revive);
  if (typeof value !== 'object' || value === null) return value;
  if ('hex' in value) return Buffer.from(value.hex as string, 'hex');
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, revive(field)]));
}

/** The packet without its fields that are undefined, at every depth. */
function defined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(defined);
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
  const entries = Object.entries(value).filter(([, field]) => field !== undefined);
  return Object.fromEntries(entries.map(([key, field]) => [key, defined(field)]));
}
