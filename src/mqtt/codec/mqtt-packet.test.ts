import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { generate, parser } from 'mqtt-packet';
import type { UserProperty } from '../../message.ts';
import { ByteWriter } from '../../std/bytes.ts';
import { forSeeds } from '../../std/testing/seed.ts';
import { PacketType, type ProtocolVersion } from './packets.ts';
import { type AnyPacket, encodeAny, readPackets } from './testing/any-packet.ts';
import { type Foreign, toForeign } from './testing/mqtt-packet-form.ts';
import { packetTypesOf, randomPacket } from './testing/random-packet.ts';

for (const version of [4, 5] as const) {
  describe(`beside mqtt-packet on version ${version}`, () => {
    for (const type of packetTypesOf(version)) {
      const name = Object.entries(PacketType).find(([, value]) => value === type)?.[0];

      it(`reads the ${name} that mqtt-packet writes`, () => {
        eachPacket(type, version, (packet) => {
          const bytes = generate(toForeign(packet, version) as never, { protocolVersion: version } as never);
          assert.deepEqual(readPackets([bytes], version), [packet]);
        });
      });

      it(`writes a ${name} that mqtt-packet reads`, () => {
        eachPacket(type, version, (packet) => {
          const writer = new ByteWriter();
          encodeAny(writer, packet, version);
          assert.deepEqual(parse(writer.bytes(), version), toForeign(packet, version));
        });
      });
    }
  });
}

function eachPacket(type: AnyPacket['type'], version: ProtocolVersion, check: (packet: AnyPacket) => void): void {
  forSeeds(300, (random) => {
    const packet = speakable(randomPacket(random, type, version));
    if (packet !== undefined) check(packet);
  });
}

/**
 * The packet within what mqtt-packet can say: it keeps user properties in an object, which loses their order, an empty
 * value in front of another of that name, and names that look like array indexes; it has no password without user name.
 */
function speakable(packet: AnyPacket): AnyPacket | undefined {
  if (packet.type === PacketType.connect) {
    if (packet.password !== undefined && packet.username === undefined) return undefined;
    const will = packet.will && { ...packet.will, properties: withSpeakableNames(packet.will.properties) };
    return { ...packet, will, properties: withSpeakableNames(packet.properties) };
  }
  if (!('properties' in packet)) return packet;
  return { ...packet, properties: withSpeakableNames(packet.properties as Foreign | undefined) } as AnyPacket;
}

function withSpeakableNames<T extends object>(properties: T | undefined): T | undefined {
  const pairs = (properties as { userProperties?: readonly UserProperty[] } | undefined)?.userProperties;
  if (pairs === undefined) return properties;
  // Two of one name beside each other, the others each with a name of its own.
  const userProperties = pairs.map(([name, value], index) => [`n${Math.max(index, 1)}${name.length}`, `v${value}`]);
  if (userProperties.length > 1) userProperties[1][0] = userProperties[0][0];
  return { ...properties, userProperties } as T;
}

function parse(bytes: Buffer, version: ProtocolVersion): Foreign {
  const packets: Foreign[] = [];
  const reader = parser({ protocolVersion: version } as never);
  reader.on('packet', (packet) => packets.push(packet as unknown as Foreign));
  reader.on('error', (problem) => assert.fail(problem));
  assert.equal(reader.parse(bytes), 0);
  assert.equal(packets.length, 1);
  return withoutDefaults(packets[0]);
}

/** What its parser sets on every packet, and the prototypes that it gives to maps. */
function withoutDefaults(packet: Foreign): Foreign {
  const own = plain(packet) as Foreign;
  for (const name of ['length', 'topic', 'payload']) if (own.cmd !== 'publish' || name === 'length') delete own[name];
  if (own.cmd !== 'publish') for (const name of ['qos', 'retain', 'dup']) delete own[name];
  for (const [name, value] of Object.entries(own)) if (value === null || value === undefined) delete own[name];
  return own;
}

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, plain(field)]));
}
