import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SchemaName } from '../devices/event-schemas.ts';
import { testDeviceType } from '../devices/testing/store-samples.ts';
import { SluiceError } from '../errors.ts';
import type { JsonObject } from '../std/json.ts';
import { NamedSchemas } from './named-schemas.ts';
import { TestBench } from './testing/test-bench.ts';

const meter = testDeviceType({
  name: 'meter',
  schemas: { telemetry: { title: 'now' }, alarm: { title: 'alarm' } },
  schemaVersions: { telemetry: 250, alarm: 1 },
});

const bounds = { perTypeMax: 10, bytesMax: 10_000 };

function named(version: number, about: Partial<SchemaName> = {}): SchemaName {
  return { deviceType: 'meter', eventType: 'telemetry', version, ...about };
}

/** Schemas as they were, and what was asked for. */
function past(gone: readonly number[] = []): {
  asked: number[];
  schema(name: SchemaName): Promise<JsonObject | undefined>;
} {
  const asked: number[] = [];
  return {
    asked,
    schema: async ({ version }) => {
      asked.push(version);
      return gone.includes(version) ? undefined : { title: `version ${version}` };
    },
  };
}

test('an old schema stands beside the current ones of other event types, and is read once', async () => {
  const schemas = past();
  const known = new NamedSchemas(schemas, bounds);
  const both = await Promise.all([known.find(meter, named(240)), known.find(meter, named(240))]);
  assert.deepEqual(both[0], {
    eventType: 'telemetry',
    version: 240,
    schemas: { telemetry: { title: 'version 240' }, alarm: { title: 'alarm' } },
  });
  assert.equal(both[0], both[1]);
  assert.equal(known.find(meter, named(240)), both[0]);
  assert.equal(known.find(meter, named(250)), undefined);
  assert.deepEqual(schemas.asked, [240], 'those who ask at once share a question');
  await known.find({ ...meter }, named(240));
  assert.equal(schemas.asked.length, 2, 'a type that was put again has other schemas');
});

test('only so many are kept, those that came last', async () => {
  const schemas = past();
  const known = new NamedSchemas(schemas, { ...bounds, perTypeMax: 2 });
  for (const version of [241, 242, 243, 241]) await known.find(meter, named(version));
  assert.deepEqual(schemas.asked, [241, 242, 243, 241]);
  assert.ok(!(known.find(meter, named(243)) instanceof Promise));
});

test('all device types together keep only so many bytes of them, those that came last', async () => {
  const schemas = past();
  const one = JSON.stringify({ telemetry: { title: 'version 241' }, alarm: { title: 'alarm' } }).length;
  const known = new NamedSchemas(schemas, { ...bounds, bytesMax: 2 * one });
  const others = { ...meter };
  for (const [type, version] of [
    [meter, 241],
    [others, 242],
    [meter, 243],
  ] as const)
    await known.find(type, named(version));
  const isKept = (type: typeof meter, version: number) => !(known.find(type, named(version)) instanceof Promise);
  assert.deepEqual([isKept(others, 242), isKept(meter, 243), isKept(meter, 241)], [true, true, false]);
});

test('a set that makes room for another of its type weighs nothing any more', async () => {
  const one = JSON.stringify({ telemetry: { title: 'version 241' }, alarm: { title: 'alarm' } }).length;
  const known = new NamedSchemas(past(), { perTypeMax: 2, bytesMax: 3 * one });
  const others = { ...meter };
  await known.find(others, named(241));
  for (const version of [241, 242, 243, 244, 245]) await known.find(meter, named(version));
  assert.ok(!(known.find(others, named(241)) instanceof Promise));
});

test('a set that is longer than all may be is used, and not kept', async () => {
  const schemas = past();
  const known = new NamedSchemas(schemas, { ...bounds, bytesMax: 10 });
  const both = await Promise.all([known.find(meter, named(241)), known.find(meter, named(241))]);
  assert.ok(both[0] === both[1] && !(both[0] instanceof SluiceError));
  await known.find(meter, named(241));
  assert.deepEqual(schemas.asked, [241, 241]);
});

test('a schema that there is not is told of with what there is, and mostly without a question', async () => {
  const schemas = past([200]);
  const known = new NamedSchemas(schemas, bounds);
  const wrong: [SchemaName, RegExp][] = [
    [named(251), /"telemetry": expected a version from 151 to 250, met version 251$/],
    [named(150), /expected a version from 151 to 250, met version 150$/],
    [named(2, { eventType: 'alarm' }), /"alarm": expected version 1, met version 2$/],
    [named(1, { eventType: 'constructor' }), /"constructor": there is none, met version 1$/],
    [named(1, { deviceType: 'valve' }), /expected one of its own, met one of device type "valve"$/],
  ];
  for (const [name, told] of wrong) {
    const problem = known.find(meter, name);
    assert.ok(problem instanceof SluiceError && problem.code === 'schema_unknown');
    assert.match(problem.message, told);
  }
  assert.deepEqual(schemas.asked, []);
  const gone = await known.find(meter, named(200));
  assert.ok(gone instanceof SluiceError);
  await known.find(meter, named(200));
  assert.deepEqual(schemas.asked, [200, 200], 'it may be there by then');
});

test('the policy of the event type says what becomes of a message with a schema that there is not', async (t) => {
  const bench = await TestBench.open();
  t.after(() => bench.close());
  const send = async (schema: string): Promise<string | undefined> => {
    const [receipt] = await bench.publish(bench.message('m', { v: 1 }, { schema }));
    return receipt.code ?? receipt.outcome;
  };
  const type = { name: 'meter', mode: 'inline', schemas: { telemetry: { type: 'object' } } } as const;
  await bench.device('m', type);
  assert.deepEqual([await send('1'), await send('2')], ['applied', 'schema_unknown']);
  assert.equal(bench.buried[0].death.code, 'schema_unknown');
  assert.deepEqual(
    [await send('urn:sluice:schema:meter:telemetry:1'), await send('two')],
    ['applied', 'invalid_argument'],
  );
  await bench.device('m', { ...type, schemaPolicy: 'warn' });
  assert.equal(await send('2'), 'applied');
  const [{ warnings }] = await bench.store.readings.history({ deviceId: 'm', limit: 1 });
  assert.match(warnings?.[0] ?? '', /expected version 1, met version 2$/);
  await bench.device('m', { ...type, schemaPolicy: 'off' });
  assert.equal(await send('2'), 'applied');
  assert.equal(bench.pipeline.numbers().warned, 1);
});

test('where old schemas cannot be read, a message is tried again', async (t) => {
  const bench = await TestBench.open();
  t.after(() => bench.close());
  await bench.device('m', { name: 'meter', schemas: { telemetry: { type: 'object' } } });
  await bench.device('m', { name: 'meter', schemas: { telemetry: { type: 'object', title: 'new' } } });
  t.mock.method(bench.store.schemas, 'schema', async () => {
    throw new SluiceError('storage_failed', 'Cannot read');
  });
  const message = bench.message('m', { v: 1 }, { schema: '1' });
  const settled = await bench.deliver(message);
  t.mock.restoreAll();
  assert.deepEqual(
    [...settled, ...(await bench.deliver(message))].map(({ kind }) => kind),
    ['failed', 'acknowledged'],
  );
});
