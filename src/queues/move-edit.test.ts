import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MessageProperties } from '../message.ts';
import type { JsonValue } from '../std/json.ts';
import { compileEdit, mergePatch } from './move-edit.ts';
import type { MessageEdit } from './move-spec.ts';
import { messageOf } from './testing/recording-consumer.ts';

const receivedAt = 1_700_000_000_000;

function edited(edit: MessageEdit, payload = '{"a":1,"b":{"c":2}}', properties?: MessageProperties) {
  return compileEdit(edit)(messageOf(payload, { receivedAt, properties }), receivedAt + 5_001);
}

test('topic and payload are replaced, and nothing else is touched', () => {
  const before = messageOf('x', { receivedAt, properties: { contentType: 'text/plain' } });
  const after = compileEdit({ topic: 'else', payload: Buffer.from('y').toString('base64') })(before, receivedAt);
  assert.deepEqual(after, { ...before, topic: 'else', payload: Buffer.from('y') });
  assert.deepEqual(compileEdit({})(before, receivedAt), before);
  assert.throws(() => compileEdit({ topic: 'a/#' }), { code: 'invalid_topic' });
});

test('a patch is merged into a JSON payload, and refused where there is none', () => {
  assert.equal(edited({ payloadPatch: { b: { c: null, d: 3 } } }).payload.toString(), '{"a":1,"b":{"d":3}}');
  const payload = Buffer.from('{"n":1}').toString('base64');
  assert.equal(edited({ payload, payloadPatch: { m: 2 } }, 'no JSON').payload.toString(), '{"n":1,"m":2}');
  const long = '{"id":12345678901234567890,"rate":1.50}';
  assert.equal(edited({ payloadPatch: {} }, long).payload.toString(), long);
  assert.equal(edited({ payloadPatch: { id: { a: 1 } } }, long).payload.toString(), '{"id":{"a":1},"rate":1.50}');
  assert.throws(() => edited({ payloadPatch: { a: 1 } }, 'no JSON'), { code: 'payload_unreadable' });
});

test('a payload that is nested too deep to be patched is refused as one that is no JSON', () => {
  const deep = `{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}`;
  assert.throws(() => edited({ payloadPatch: { b: 1 } }, deep), { code: 'payload_unreadable' });
});

// Appendix A of RFC 7396.
const patches: readonly [JsonValue, JsonValue, JsonValue][] = [
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [
    ['a', 'b'],
    ['c', 'd'],
    ['c', 'd'],
  ],
  [{ a: 'b' }, ['c'], ['c']],
  [{ a: 'foo' }, null, null],
  [{ a: 'foo' }, 'bar', 'bar'],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
];

test('a merge patch does what RFC 7396 says', () => {
  for (const [target, patch, result] of patches) assert.deepEqual(mergePatch(target, patch), result);
  const patch = JSON.parse('{"__proto__":{"polluted":true}}');
  assert.equal(Object.hasOwn(mergePatch({}, patch) as object, '__proto__'), true);
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
});

test('user properties are taken away and set, in that order', () => {
  const userProperties = [
    ['a', '1'],
    ['b', '2'],
    ['b', '3'],
    ['c', '4'],
  ] as const;
  const edit = { removeUserProperties: ['a'], setUserProperties: [['b', '5']] } as const;
  assert.deepEqual(edited(edit, '', { userProperties }).properties, {
    userProperties: [
      ['c', '4'],
      ['b', '5'],
    ],
  });
  assert.equal(edited({ removeUserProperties: ['a', 'b', 'c'] }, '', { userProperties }).properties, undefined);
});

test('an expiry counts from the move, and can be taken away', () => {
  const before = { messageExpiryInterval: 1, contentType: 'text/plain' };
  assert.equal(edited({ expirySeconds: 60 }, '', before).properties?.messageExpiryInterval, 66);
  assert.equal(edited({ expirySeconds: 0xffff_ffff }).properties?.messageExpiryInterval, 0xffff_ffff);
  assert.deepEqual(edited({ expirySeconds: null, contentType: null }, '', before).properties, undefined);
});
