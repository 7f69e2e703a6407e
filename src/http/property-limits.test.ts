import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorCode, SluiceError } from '../errors.ts';
import type { MessageProperties } from '../message.ts';
import { checkProperties, propertiesBytesMax, propertyBytesMax } from './property-limits.ts';

function refused(properties: MessageProperties, code: ErrorCode, sentence: RegExp): void {
  assert.throws(
    () => checkProperties(properties),
    (problem) => problem instanceof SluiceError && problem.code === code && sentence.test(problem.message),
  );
}

test('text is counted in bytes of UTF-8', () => {
  const longest = '€'.repeat(propertyBytesMax / 3);
  checkProperties({ contentType: longest, userProperties: [[longest, longest]] });
  refused({ contentType: `${longest}a` }, 'invalid_argument', /contentType with at most 65535 bytes: it has 65536/);
  refused({ contentType: '€'.repeat(60_000) }, 'invalid_argument', /it has 180000/);
  refused({ userProperties: [[`${longest}a`, '']] }, 'invalid_argument', /name of a user property/);
  refused({ userProperties: [['', `${longest}a`]] }, 'invalid_argument', /value of a user property/);
  checkProperties({ correlationData: Buffer.alloc(propertyBytesMax) });
  refused(
    { correlationData: Buffer.alloc(propertyBytesMax + 1) },
    'invalid_argument',
    /correlationData .* it has 65536/,
  );
});

test('text that MQTT does not carry is refused wherever it stands', () => {
  for (const text of ['a\0b', 'a\ud800b']) {
    refused({ contentType: text }, 'invalid_argument', /^Give contentType/);
    refused(
      {
        userProperties: [
          ['a', 'b'],
          [text, 'b'],
        ],
      },
      'invalid_argument',
      /^Give the name/,
    );
    refused({ userProperties: [['a', text]] }, 'invalid_argument', /^Give the value/);
    refused({ responseTopic: text }, 'invalid_topic', /^Correct responseTopic/);
  }
  checkProperties({ contentType: '', userProperties: [['', '']] });
});

test('a response topic is a topic name', () => {
  checkProperties({ responseTopic: 'answers/1' });
  for (const topic of ['', 'a/#', '+', '/'.repeat(201), '€'.repeat(21_846)]) {
    refused({ responseTopic: topic }, 'invalid_topic', /^Correct responseTopic/);
  }
});

test('all properties of a message have one bound', () => {
  const value = 'x'.repeat(propertiesBytesMax / 8);
  const pairs = (count: number) => Array.from({ length: count }, () => ['', value] as const);
  checkProperties({ userProperties: pairs(8) });
  refused(
    { contentType: 'x', userProperties: pairs(8) },
    'invalid_argument',
    /262144 bytes together: these have 262145/,
  );
});
