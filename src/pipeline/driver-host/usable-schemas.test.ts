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
