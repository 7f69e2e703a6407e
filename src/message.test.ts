import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeMessage, encodeMessage, expiresAt, type Message, userProperty } from './message.ts';

const plain: Message = {
  topic: 'devices/7/telemetry',
  payload: Buffer.from('{"t":21.5}'),
  qos: 1,
  retain: false,
  properties: undefined,
  receivedAt: 1_700_000_000_123,
  publisher: 'device-7',
};

const examples: Record<string, Message> = {
  'without properties': plain,
  'with an empty payload': { ...plain, payload: Buffer.alloc(0), qos: 2, retain: true },
  'with names beyond ASCII and an anonymous publisher': { ...plain, topic: 'Größe/温度/🌡', publisher: '' },
  'with every property': {
    ...plain,
    qos: 0,
    properties: {
      payloadFormatIndicator: 1,
      messageExpiryInterval: 4_294_967_295,
      contentType: 'application/json',
      responseTopic: 'answers/7',
      correlationData: Buffer.from([0, 255, 10]),
      userProperties: [
        ['name', 'one'],
        ['name', 'two'],
        ['', ''],
      ],
    },
  },
  'with a large payload': { ...plain, payload: Buffer.alloc(300_000, 7) },
  'with a publisher of the longest length': { ...plain, publisher: 'x'.repeat(65_535) },
};

for (const [description, message] of Object.entries(examples)) {
  test(`a message ${description} reads back from its record as it was`, () => {
    assert.deepEqual(decodeMessage(encodeMessage(message)), message);
  });

  test(`a message ${description} reads back from behind a headroom that is the caller's`, () => {
    const record = encodeMessage(message, 16);
    assert.equal(record.length, encodeMessage(message).length + 16);
    assert.deepEqual(decodeMessage(record, 16), message);
  });
}

test('a record has the documented layout', () => {
  const record = encodeMessage({ ...plain, topic: 'a', publisher: 'bc', payload: Buffer.from('p'), retain: true });
  assert.equal(record.toString('hex'), `01${'05'}018bcfe5687b${'0001'}61${'0002'}6263${'70'}`);
});

test('a record shares no memory with the message, and the payload read from it is a view of it', () => {
  const payload = Buffer.from('before');
  const record = encodeMessage({ ...plain, payload });
  payload.fill('x');
  const read = decodeMessage(record);
  assert.equal(read.payload.toString(), 'before');
  assert.equal(read.payload.buffer, record.buffer);
});

test('a record of another version is refused', () => {
  const record = encodeMessage(plain);
  record[0] = 2;
  assert.throws(() => decodeMessage(record), /expected version 1, met 2/);
});

for (const properties of [undefined, { contentType: 'text/plain' }]) {
  test(`a record ${properties ? 'with' : 'without'} properties that was cut off before its payload is refused`, () => {
    const record = encodeMessage({ ...plain, properties });
    const payloadStart = record.length - plain.payload.length;
    for (let length = 0; length < payloadStart; length++) {
      assert.throws(() => decodeMessage(record.subarray(0, length)), `cut to ${length} bytes`);
    }
  });
}

test('a user property is the first of its name', () => {
  const message = {
    ...plain,
    properties: {
      userProperties: [
        ['a', '1'],
        ['b', '2'],
        ['b', '3'],
      ] as const,
    },
  };
  assert.equal(userProperty(message, 'b'), '2');
  assert.equal(userProperty(message, 'c'), undefined);
  assert.equal(userProperty(plain, 'a'), undefined);
});

test('a message expires its interval after it was received, or never', () => {
  assert.equal(expiresAt({ ...plain, properties: { messageExpiryInterval: 60 } }), plain.receivedAt + 60_000);
  assert.equal(expiresAt({ ...plain, properties: { messageExpiryInterval: 0 } }), plain.receivedAt);
  assert.equal(expiresAt(plain), Number.POSITIVE_INFINITY);
});
