import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SchemaChecker } from '../driver-host/schemas.ts';
import { isStandardSchema, type StandardResult, type StandardSchema } from './standard-schema.ts';

function schemaOf(
  vendor: string,
  validate: (value: unknown) => StandardResult | Promise<StandardResult>,
): StandardSchema {
  return { '~standard': { version: 1, vendor, validate } };
}

/** Answers as Zod does: paths of plain keys. */
const likeZod = schemaOf('zod', (value) =>
  typeof (value as { t: unknown }).t === 'number'
    ? {}
    : { issues: [{ message: 'Invalid input: expected number, received string', path: ['t'] }] },
);

function problem(schema: StandardSchema, data: { t: number | string }): string | undefined {
  return new SchemaChecker().problemOf({ data }, 'telemetry', {}, { telemetry: schema });
}

test("a driver's Standard Schema judges readings as a JSON Schema does", () => {
  assert.equal(problem(likeZod, { t: 21 }), undefined);
  assert.equal(
    problem(likeZod, { t: 'warm' }),
    'Reading "telemetry" does not match its schema: /t Invalid input: expected number, received string',
  );
});

test('paths of objects, as Valibot gives them, and no path at all are readable', () => {
  const likeValibot = schemaOf('valibot', () => ({
    issues: [{ message: 'Invalid type', path: [{ key: 'list' }, { key: 0 }] }],
  }));
  assert.match(problem(likeValibot, { t: 1 }) ?? '', /: \/list\/0 Invalid type$/);
  assert.match(
    problem(
      schemaOf('any', () => ({ issues: [{ message: 'is odd' }] })),
      { t: 1 },
    ) ?? '',
    /: it is odd$/,
  );
});

test('a schema that throws or answers later is named as the reason', () => {
  const later = schemaOf('any', async () => ({}));
  assert.equal(
    problem(later, { t: 1 }),
    'Cannot use the schema of "telemetry": a check that answers later gives no answer in time',
  );
  const throws = schemaOf('any', () => {
    throw new Error('no table');
  });
  assert.equal(problem(throws, { t: 1 }), 'Cannot use the schema of "telemetry": no table');
});

test("the device type's JSON Schema goes before the driver's Standard Schema", () => {
  const own = { telemetry: { type: 'object', required: ['u'] } };
  const found = new SchemaChecker().problemOf({ data: { t: 1 } }, 'telemetry', own, { telemetry: likeZod });
  assert.match(found ?? '', /must have required property 'u'/);
  assert.ok(!isStandardSchema(own.telemetry));
});
