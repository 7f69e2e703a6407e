import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SluiceError } from '../../errors.ts';
import { ByteWriter } from '../../std/bytes.ts';
import { encodePacket } from './encode.ts';
import { encodeAck } from './encode-ack.ts';
import { encodePublish } from './encode-publish.ts';
import { PacketType } from './packets.ts';

const nothing = Buffer.alloc(0);

describe('what cannot be encoded', () => {
  for (const [what, filter] of [
    ['ASCII', 'x'.repeat(65_536)],
    ['longer in UTF-8 than in characters', 'ä'.repeat(32_768)],
  ]) {
    it(`is a string of more than 65,535 bytes, ${what}`, () => {
      const packet = { type: PacketType.unsubscribe, packetId: 1, filters: [filter], properties: undefined } as const;
      assert.throws(() => encodePacket(new ByteWriter(), packet, 5), code('invalid_argument'));
      assert.throws(
        () => encodePublish(new ByteWriter(), filter, nothing, undefined, 0, false, false, 0, 4),
        code('invalid_argument'),
      );
    });
  }

  it('is binary data of more than 65,535 bytes', () => {
    const properties = { authenticationMethod: 'm', authenticationData: Buffer.alloc(65_536) };
    const packet = { type: PacketType.auth, reasonCode: 0x18, properties } as const;
    assert.throws(() => encodePacket(new ByteWriter(), packet, 5), code('invalid_argument'));
  });

  it('is a packet longer than its length can say', () => {
    // Never read, so that it need not be there.
    const payload = { length: 268_435_455 } as Buffer;
    const sink = { buffer: nothing, position: 0, reserve: () => undefined, append: () => undefined };
    assert.throws(() => encodePublish(sink, 'a', payload, undefined, 0, false, false, 0, 4), code('payload_too_large'));
  });
});

describe('what a version does not have', () => {
  it('is left out of acknowledgements on 3.1.1', () => {
    const writer = new ByteWriter(1);
    encodeAck(writer, PacketType.puback, 7, 0x87, 4, { reasonString: 'no' });
    assert.equal(writer.bytes().toString('hex'), '40020007');
  });

  it('makes every refusal of a subscription 0x80 on 3.1.1', () => {
    const writer = new ByteWriter(1);
    const packet = {
      type: PacketType.suback,
      packetId: 7,
      reasonCodes: [1, 0x87, 0x8f],
      properties: undefined,
    } as const;
    encodePacket(writer, packet, 4);
    assert.equal(writer.bytes().toString('hex'), '90050007018080');
  });

  it('is the AUTH packet on 3.1.1', () => {
    const packet = { type: PacketType.auth, reasonCode: 0, properties: undefined } as const;
    assert.throws(() => encodePacket(new ByteWriter(), packet, 4), TypeError);
  });
});

describe('an encoder', () => {
  it('writes behind what a sink holds and leaves it as it is', () => {
    const writer = new ByteWriter(4);
    encodeAck(writer, PacketType.pubrel, 1, 0, 5);
    encodePacket(writer, { type: PacketType.pingresp }, 5);
    encodePublish(writer, 'é', Buffer.from('p'), undefined, 1, false, true, 258, 4);
    assert.equal(writer.bytes().toString('hex'), '62020001d0003a070002c3a9010270');
  });

  it('writes topics of any length as UTF-8', () => {
    for (const topic of ['a', 'a'.repeat(48), 'a'.repeat(49), `${'a'.repeat(60)}ß`, '漢字', '😀']) {
      const writer = new ByteWriter(1);
      encodePublish(writer, topic, nothing, undefined, 0, false, false, 0, 4);
      assert.equal(writer.bytes().toString('utf8', 4), topic);
      assert.equal(writer.bytes().readUInt16BE(2), Buffer.byteLength(topic));
    }
  });
});

function code(expected: string): (problem: unknown) => boolean {
  return (problem) => problem instanceof SluiceError && problem.code === expected;
}
