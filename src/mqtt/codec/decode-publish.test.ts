import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { decodePublish, decodeTopicName, payloadOf, topicOf } from './decode-publish.ts';

describe('decodePublish', () => {
  // Topic "a/b", packet identifier 7, correlation data "id", payload "xyz", with a byte on either side that is not its own.
  const buffer = Buffer.from('ff0003612f620007050900026964' + '78797aff', 'hex');
  const packet = decodePublish(buffer, 0x32, 1, buffer.length - 1, 5);

  it('leaves topic and payload where they arrived', () => {
    assert.equal(packet.buffer, buffer);
    assert.equal(topicOf(packet), 'a/b');
    assert.equal(payloadOf(packet).toString(), 'xyz');
    assert.equal(payloadOf(packet).buffer, buffer.buffer);
    assert.equal(packet.properties?.correlationData?.buffer, buffer.buffer);
    assert.equal(packet.properties?.correlationData?.toString(), 'id');
  });

  it('has no properties where their length is 0', () => {
    const bare = Buffer.from('0001610078', 'hex');
    assert.equal(decodePublish(bare, 0x30, 0, bare.length, 5).properties, undefined);
  });

  it('does not judge the topic, which a receiver may know already', () => {
    const wildcard = Buffer.from('00012b', 'hex');
    const { topicStart, topicEnd } = decodePublish(wildcard, 0x30, 0, wildcard.length, 4);
    assert.deepEqual([topicStart, topicEnd], [2, 3]);
  });
});

describe('decodeTopicName', () => {
  it('says what was expected and met, and by which clause', () => {
    assert.throws(() => decodeTopicName(Buffer.from('a/#'), 0, 3), {
      name: 'MalformedPacket',
      reasonCode: 0x82,
      clause: 'MQTT-3.3.2-2',
      message: "Cannot read PUBLISH: expected a topic name without wildcards, met '#' [MQTT-3.3.2-2]",
    });
  });

  it('does not look behind the end of the topic', () => {
    // U+0080 if the last byte belonged to it.
    const bytes = Buffer.from('61c280', 'hex');
    assert.throws(() => decodeTopicName(bytes, 0, 2), /well-formed UTF-8, met "61c2"/);
    assert.throws(() => decodeTopicName(bytes, 0, 3), /control characters, met 0x80/);
  });
});
