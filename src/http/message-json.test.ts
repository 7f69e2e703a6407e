import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../errors.ts';
import { type MessageJson, messageFromJson, messageToJson } from './message-json.ts';

const origin = { topic: 'fallback', publisher: 'ann', receivedAt: 1_000 };
const payloadOf = (json: MessageJson): Buffer => messageFromJson(json, origin).payload;

test('a payload is what its encoding says', () => {
  assert.deepEqual(payloadOf({ payload: 'grün', encoding: 'utf8' }), Buffer.from('grün'));
  assert.deepEqual(payloadOf({ payload: 'AP8=', encoding: 'base64' }), Buffer.from([0, 255]));
  assert.deepEqual(payloadOf({ payload: 'AP8', encoding: 'base64' }), Buffer.from([0, 255]));
  assert.deepEqual(payloadOf({ payload: '', encoding: 'base64' }), Buffer.alloc(0));
  assert.deepEqual(payloadOf({ payload: { a: [1, null] }, encoding: 'json' }), Buffer.from('{"a":[1,null]}'));
  assert.deepEqual(payloadOf({ payload: 'text', encoding: 'json' }), Buffer.from('"text"'));
});

test('without an encoding text is text and everything else JSON', () => {
  assert.deepEqual(payloadOf({ payload: 'text' }), Buffer.from('text'));
  assert.deepEqual(payloadOf({ payload: 20.5 }), Buffer.from('20.5'));
  assert.deepEqual(payloadOf({ payload: null }), Buffer.from('null'));
});

test('a payload that is not what its encoding says is refused', () => {
  const refused = (json: MessageJson, sentence: RegExp): void => {
    assert.throws(
      () => payloadOf(json),
      (problem) =>
        problem instanceof SluiceError && problem.code === 'payload_unreadable' && sentence.test(problem.message),
    );
  };
  refused({ payload: 'not base64!', encoding: 'base64' }, /payload in base64: met "not base64!"/);
  refused({ payload: 'A', encoding: 'base64' }, /base64/);
  refused({ payload: { a: 1 }, encoding: 'utf8' }, /as text with encoding "utf8": met object/);
  refused({ payload: 7, encoding: 'base64' }, /met number/);
  refused({ payload: '', properties: { correlationData: '?' } }, /correlationData in base64/);
});

test('what is not said is taken from where the message comes from', () => {
  const message = messageFromJson({ payload: '' }, origin);
  assert.deepEqual(message, {
    topic: 'fallback',
    payload: Buffer.alloc(0),
    qos: 1,
    retain: false,
    properties: undefined,
    receivedAt: 1_000,
    publisher: 'ann',
    source: undefined,
  });
});

test('a message goes out as text where it is valid UTF-8 and in base64 where it is not', () => {
  const seen = (payload: Buffer): unknown => {
    const { payload: shown, encoding } = messageToJson({ ...messageFromJson({ payload: '' }, origin), payload });
    return [encoding, shown];
  };
  assert.deepEqual(seen(Buffer.from('grün')), ['utf8', 'grün']);
  assert.deepEqual(seen(Buffer.from([0xc3, 0x28])), ['base64', 'wyg=']);
  assert.deepEqual(seen(Buffer.alloc(0)), ['utf8', '']);
});

test('properties survive the way in and out', () => {
  const properties = {
    contentType: 'text/plain',
    correlationData: 'AP8=',
    messageExpiryInterval: 60,
    userProperties: [
      ['a', '1'],
      ['a', '2'],
    ] as const,
  };
  const message = messageFromJson({ payload: 'x', topic: 't', properties }, origin);
  assert.deepEqual(message.properties?.correlationData, Buffer.from([0, 255]));
  assert.deepEqual(messageToJson(message), { topic: 't', payload: 'x', encoding: 'utf8', properties });
});

test('a topic and properties that MQTT could not carry are refused', () => {
  const codeOf = (json: MessageJson): string => {
    try {
      messageFromJson(json, origin);
    } catch (problem) {
      return (problem as SluiceError).code;
    }
    return 'taken';
  };
  assert.equal(codeOf({ payload: '', topic: '€'.repeat(21_846) }), 'invalid_topic');
  assert.equal(codeOf({ payload: '', topic: 'a/'.repeat(201) }), 'invalid_topic');
  assert.equal(codeOf({ payload: '', topic: 'a/#' }), 'invalid_topic');
  assert.equal(codeOf({ payload: '', properties: { contentType: '€'.repeat(60_000) } }), 'invalid_argument');
  assert.equal(
    codeOf({ payload: '', properties: { correlationData: Buffer.alloc(65_536).toString('base64') } }),
    'invalid_argument',
  );
  assert.equal(codeOf({ payload: '', properties: { responseTopic: 'a/+' } }), 'invalid_topic');
});
