import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import * as v from 'valibot';
import { z } from 'zod';
import type { JsonObject } from '../../std/json.ts';
import { SchemaChecker } from '../driver-host/schemas.ts';
import { jsonSchemaOf, type StandardSchema } from './standard-schema.ts';

const libraries: Record<string, Record<'meter' | 'changing' | 'later', StandardSchema>> = {
  zod: {
    meter: z.object({ t: z.number().max(85), rooms: z.array(z.object({ 'a/b': z.string() })).optional() }),
    changing: z.object({
      t: z.coerce.number().transform((celsius) => celsius * 1.8 + 32),
      unit: z.string().default('F'),
    }),
    later: z.object({ t: z.number().refine(async () => true) }),
  },
  valibot: {
    meter: v.object({
      t: v.pipe(v.number(), v.maxValue(85)),
      rooms: v.optional(v.array(v.object({ 'a/b': v.string() }))),
    }),
    changing: v.object({
      t: v.pipe(
        v.union([v.number(), v.pipe(v.string(), v.transform(Number))]),
        v.transform((celsius) => celsius * 1.8 + 32),
      ),
      unit: v.optional(v.string(), 'F'),
    }),
    later: v.objectAsync({
      t: v.pipeAsync(
        v.number(),
        v.checkAsync(async () => true),
      ),
    }),
  },
};

function problem(schema: StandardSchema, data: JsonObject): string | undefined {
  return new SchemaChecker().problemOf({ data }, 'telemetry', {}, { telemetry: schema });
}

for (const [library, schemas] of Object.entries(libraries)) {
  test(`a schema of ${library} says where a reading does not match, as a JSON Pointer`, () => {
    assert.equal(problem(schemas.meter, { t: 21 }), undefined);
    assert.match(problem(schemas.meter, { t: 'warm' }) ?? '', /^Reading "telemetry" does not match its schema: \/t \w/);
    assert.match(problem(schemas.meter, { t: 1, rooms: [{ 'a/b': 'x' }, { 'a/b': 5 }] }) ?? '', /: \/rooms\/1\/a~1b /);
    assert.match(problem(schemas.meter, {}) ?? '', /: \/t /);
  });

  test(`what a schema of ${library} would convert or fill in stays as the driver gave it`, () => {
    const data = { t: '21' };
    assert.equal(problem(schemas.changing, data), undefined);
    assert.deepEqual(data, { t: '21' });
    assert.match(problem(schemas.changing, { t: {} }) ?? '', /: \/t /);
  });

  test(`a schema of ${library} that answers later is refused by name`, () => {
    const named = 'Cannot use the schema of "telemetry": a check that answers later gives no answer in time';
    assert.equal(problem(schemas.later, { t: 21 }), named);
  });
}

test("a promise that is none of Node's own is no match", () => {
  const schema = { '~standard': { version: 1, vendor: 'any', validate: () => runInNewContext('Promise.resolve({})') } };
  assert.match(problem(schema as unknown as StandardSchema, { t: 21 }) ?? '', /answers later/);
});

test('a reading of a thousand faults is told of in one short text', () => {
  const rooms = Array.from({ length: 1_000 }, () => ({ ['x'.repeat(100)]: 1 }));
  for (const { meter } of Object.values(libraries)) {
    const told = problem(meter, { t: 1, rooms });
    assert.ok(told !== undefined && told.length < 600, told);
  }
});

test('a schema of a library that says JSON Schema is shown as that, and one that cannot as an object that is checked', () => {
  const told = jsonSchemaOf(libraries.zod.meter);
  assert.deepEqual(told.properties && Object.keys(told.properties), ['t', 'rooms']);
  assert.deepEqual((told.properties as JsonObject).t, { type: 'number', maximum: 85 });
  assert.equal(jsonSchemaOf(libraries.valibot.meter).type, 'object');
  assert.match(String(jsonSchemaOf(libraries.valibot.meter).description), /valibot says no JSON Schema/);
  const dates = jsonSchemaOf(z.object({ at: z.date() }));
  assert.deepEqual([dates.type, dates.properties], ['object', undefined]);
  assert.match(String(dates.description), /^Checked in ways that are not said here: Date/);
  const own = { type: 'object' };
  assert.equal(jsonSchemaOf(own), own);
});
