import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SchemaChecker } from './schemas.ts';

test('a schema that does not compile, or would answer later, is known before a reading meets it', () => {
  const checker = new SchemaChecker();
  assert.equal(checker.problemOfSchema({ type: 'object', properties: { t: { type: 'number' } } }), undefined);
  assert.match(checker.problemOfSchema({ type: 'wat' }) ?? '', /wat|type/);
  assert.match(checker.problemOfSchema({ $ref: '#/nowhere' }) ?? '', /nowhere/);
  assert.match(checker.problemOfSchema({ $async: true, type: 'object' }) ?? '', /asynchronous/);
});

test('a schema that refers to itself without end is refused, and one that does so for some data costs that data only', () => {
  const checker = new SchemaChecker();
  assert.match(checker.problemOfSchema({ $ref: '#' }) ?? '', /refers to itself/);
  assert.match(checker.problemOfSchema({ allOf: [{ $ref: '#' }] }) ?? '', /refers to itself/);
  assert.equal(checker.problemOfSchema({ properties: { child: { $ref: '#' } } }), undefined);
  const schema = { properties: { a: { $ref: '#/$defs/a' } }, $defs: { a: { allOf: [{ $ref: '#/$defs/a' }] } } };
  assert.equal(checker.problemOfSchema(schema), undefined);
  const problemOf = (data: { a?: number; b?: number }): string | undefined =>
    checker.problemOf({ data }, 'telemetry', { telemetry: schema }, {});
  assert.match(problemOf({ a: 1 }) ?? '', /refers to itself/);
  assert.equal(problemOf({ b: 1 }), undefined);
});

test('a schema whose references double with every step is refused, and does not hold up whoever asks', () => {
  const definition = (n: number): object => ({ allOf: [{ $ref: `#/$defs/a${n - 1}` }, { $ref: `#/$defs/a${n - 1}` }] });
  const names = Array.from({ length: 50 }, (_, n) => [`a${n}`, n === 0 ? {} : definition(n)]);
  const schema = { $defs: Object.fromEntries(names), $ref: '#/$defs/a49' };
  assert.match(new SchemaChecker().problemOfSchema(schema) ?? '', /takes longer than 1000 ms/);
});
