import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ByteWriter } from '../../std/bytes.ts';
import { forSeeds } from '../../std/testing/seed.ts';
import { PublishFrame, publishSize } from './encode-publish.ts';
import { PacketType, type ProtocolVersion } from './packets.ts';
import { encodeAny, type ReadPublish, readPackets } from './testing/any-packet.ts';
import { packetTypesOf, randomPacket } from './testing/random-packet.ts';

for (const version of [4, 5] as const) {
  describe(`on version ${version}`, () => {
    for (const type of packetTypesOf(version)) {
      const name = Object.entries(PacketType).find(([, value]) => value === type)?.[0];
      it(`reads back every ${name} that it writes`, () => {
        forSeeds(300, (random) => {
          const packet = randomPacket(random, type, version);
          const writer = new ByteWriter(1);
          encodeAny(writer, packet, version);
          assert.deepEqual(readPackets([writer.bytes()], version), [packet]);
        });
      });
    }

    it('says the size of a PUBLISH before it is written', () => {
      eachPublish(version, (packet) => {
        const size = publishSize(packet.topic, packet.payload.length, packet.properties, packet.qos, version);
        assert.equal(encoded(packet, version).length, size);
      });
    });

    it('writes the same bytes from a frame as directly, for the first subscriber and for later ones', () => {
      eachPublish(version, (packet) => {
        const frame = new PublishFrame(packet.topic, packet.payload, packet.properties);
        const expected = encoded(packet, version);
        for (const round of ['first', 'second', 'third']) {
          const writer = new ByteWriter(1);
          assert.equal(frame.size(packet.qos, version), expected.length);
          frame.write(writer, packet.qos, packet.retain, packet.dup, packet.packetId, version);
          assert.deepEqual(writer.bytes(), expected, round);
        }
      });
    });
  });
}

describe('PublishFrame', () => {
  it('serves every quality and both versions from one message', () => {
    const frame = new PublishFrame('a/b', Buffer.from('hello'), { contentType: 'text/plain' });
    for (const round of [1, 2, 3]) {
      for (const version of [4, 5] as const) {
        for (const qos of [0, 1, 2] as const) {
          const packetId = qos === 0 ? 0 : round;
          const writer = new ByteWriter(1);
          frame.write(writer, qos, round === 2, false, packetId, version);
          const [packet] = readPackets([writer.bytes()], version) as ReadPublish[];
          const properties = version === 5 ? { contentType: 'text/plain' } : undefined;
          const { type } = packet;
          assert.deepEqual(packet, {
            type,
            topic: 'a/b',
            payload: Buffer.from('hello'),
            qos,
            retain: round === 2,
            dup: false,
            packetId,
            properties,
          });
        }
      }
    }
  });

  it('grows the remaining length where the packet identifier makes it longer', () => {
    // 127 bytes of body at QoS 0, 129 at QoS 1.
    const frame = new PublishFrame('abc', Buffer.alloc(122), undefined);
    for (const expected of ['317f', '338101', '338101']) {
      const writer = new ByteWriter(1);
      frame.write(writer, expected === '317f' ? 0 : 1, true, false, 9, 4);
      assert.equal(
        writer
          .bytes()
          .subarray(0, expected.length / 2)
          .toString('hex'),
        expected,
      );
    }
  });

  it('does not copy a large payload into its encoding', () => {
    const payload = Buffer.alloc(100_000, 1);
    const frame = new PublishFrame('t', payload, undefined);
    const appended: Buffer[] = [];
    for (let subscriber = 0; subscriber < 3; subscriber++) {
      const writer = new ByteWriter();
      frame.write(
        {
          get buffer() {
            return writer.buffer;
          },
          get position() {
            return writer.position;
          },
          set position(at) {
            writer.position = at;
          },
          reserve: (size) => writer.reserve(size),
          append: (bytes) => appended.push(bytes),
        },
        1,
        false,
        false,
        7,
        5,
      );
    }
    assert.equal(appended.length, 3);
    assert.ok(appended.every((bytes) => bytes === payload));
  });
});

function eachPublish(version: ProtocolVersion, check: (packet: ReadPublish) => void): void {
  forSeeds(300, (random) => check(randomPacket(random, PacketType.publish, version) as ReadPublish));
}

function encoded(packet: ReadPublish, version: ProtocolVersion): Buffer {
  const writer = new ByteWriter(1);
  encodeAny(writer, packet, version);
  return writer.bytes();
}
