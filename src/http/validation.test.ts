import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileSchema, validationError } from './validation.ts';

function refusal(schema: object, value: unknown): string {
  const validate = compileSchema({ schema, httpPart: 'body' });
  assert.equal(validate(value), false);
  return validationError(validate.errors ?? [], 'body').message;
}

test('a schema is compiled when the first value comes, not for a route that nobody asks', () => {
  const validate = compileSchema({ schema: { type: 'nonsense' }, httpPart: 'body' });
  assert.throws(() => validate({}), /nonsense|type/);
});

/** As deep as no stack is. */
function nested(depth: number): unknown {
  let value: unknown = [];
  for (let level = 1; level < depth; level++) value = [value];
  return value;
}

test('arrays and objects are told by their kind, however deep they are', () => {
  const text = { properties: { a: { type: 'string' } } };
  assert.equal(refusal(text, { a: nested(100_000) }), 'Give a as string: met an array');
  assert.equal(refusal(text, { a: { secret: nested(100_000) } }), 'Give a as string: met an object');
  assert.equal(refusal(text, { a: null }), 'Give a as string: met null');
  assert.match(refusal({ properties: { a: { enum: [1, 'x'] } } }, { a: nested(100_000) }), /1, "x": met an array$/);
});

test('a long name or value is told by its beginning', () => {
  const long = 'x'.repeat(100_000);
  assert.ok(refusal({ type: 'object', properties: {}, additionalProperties: false }, { [long]: 1 }).length < 200);
  assert.ok(refusal({ additionalProperties: { type: 'number' } }, { [long]: long }).length < 250);
});

test('an error that no sentence can be made of is a refusal all the same', () => {
  const strange = { keyword: 'enum', instancePath: '/a', schemaPath: '', params: {} };
  const error = validationError([strange], 'body');
  assert.deepEqual([error.code, error.message], ['invalid_argument', 'Give a valid request']);
  assert.ok(error.cause instanceof TypeError);
});
