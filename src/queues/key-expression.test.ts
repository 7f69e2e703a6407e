import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileKey, keyExpressionProblem } from './key-expression.ts';
import { messageOf } from './testing/recording-consumer.ts';

function keys(expression: string, ...payloads: string[]): (string | undefined)[] {
  return payloads.map((payload) => compileKey(expression)(messageOf(payload)));
}

test('a topic or one of its levels is a key, counted from 1', () => {
  const message = messageOf('', { topic: 'plant/7//state' });
  const key = (expression: string): string | undefined => compileKey(expression)(message);
  assert.equal(key('topic'), 'plant/7//state');
  assert.equal(key('topic:1'), 'plant');
  assert.equal(key('topic:3'), '');
  assert.equal(key('topic:4'), 'state');
  assert.equal(key('topic:5'), undefined);
});

test('the first user property of a name is a key, whatever characters the name has', () => {
  const userProperties = [
    ['order: id', 'a'],
    ['order: id', 'b'],
    ['empty', ''],
  ] as const;
  const message = messageOf('', { properties: { userProperties } });
  assert.equal(compileKey('property:order: id')(message), 'a');
  assert.equal(compileKey('property:empty')(message), '');
  assert.equal(compileKey('property:other')(message), undefined);
  assert.equal(compileKey('property:other')(messageOf('')), undefined);
});

test('a text, number or boolean of a JSON payload is a key', () => {
  assert.deepEqual(keys('json:$.a.b', '{"a":{"b":"x"}}', '{"a":{"b":1.50}}', '{"a":{"b":false}}'), [
    'x',
    '1.5',
    'false',
  ]);
  assert.deepEqual(keys('json:$[1].id', '[0,{"id":7}]', '{"1":{"id":7}}'), ['7', undefined]);
  assert.deepEqual(keys('json:$', '"whole"', '12'), ['whole', '12']);
  assert.deepEqual(keys('json:$["a.b \\"c\\""]', '{"a.b \\"c\\"":1}'), ['1']);
});

test('what is missing, no text, number or boolean, or no JSON, is no key and no error', () => {
  const none = ['', 'no json', '\u{ff}\u{0}', '{}', 'null', '{"a":null}', '{"a":{}}', '{"a":[1]}', '[1]', '"a"'];
  assert.deepEqual(new Set(keys('json:$.a', ...none)), new Set([undefined]));
  assert.deepEqual(keys('json:$.constructor', '{}'), [undefined]);
  assert.deepEqual(keys('json:$.length', '"text"', '[1]'), [undefined, undefined]);
  assert.deepEqual(keys('json:$.a.b.c', '{"a":1}'), [undefined]);
});

test('ids beyond what a double holds stay apart', () => {
  assert.deepEqual(keys('json:$.id', '{"id":9007199254740993}', '{"id":9007199254740992}'), [
    '9007199254740993',
    '9007199254740992',
  ]);
});

test('what is no expression is refused with the forms that there are', () => {
  const wrong = [
    '',
    'Topic',
    'topic:',
    'topic:0',
    'topic:-1',
    'topic:x',
    'property:',
    'json:',
    'json:a',
    'json:$.',
    'json:$..a',
  ];
  for (const expression of [...wrong, 'json:$[x]', 'json:$["a', 'payload', 5, null, `property:${'x'.repeat(250)}`]) {
    assert.match(keyExpressionProblem(expression) ?? '', /^one of topic, topic:LEVEL/, String(expression));
  }
  for (const expression of ['topic', 'topic:12', 'property:x', 'json:$', 'json:$.a-b[3]["c d"]']) {
    assert.equal(keyExpressionProblem(expression), undefined);
  }
});
