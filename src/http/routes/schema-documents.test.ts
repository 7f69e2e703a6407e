import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { serve } from '../testing/served.ts';

const telemetry = {
  type: 'object',
  properties: { t: { $ref: '#/$defs/temperature' } },
  required: ['t'],
  $defs: { temperature: { type: 'number' } },
};

async function serveTypes(t: TestContext) {
  const served = await serve(t);
  const types = { meter: { schemas: { telemetry } }, 'a:b.c': { eventTypes: { alarm: {}, 'alarm.*': {} } } };
  for (const [name, type] of Object.entries(types)) await served.call('PUT', `/v1/device-types/${name}`, type);
  return served;
}

test('the AsyncAPI document has a channel for what each event type is sent on and one for what is published of it', async (t) => {
  const { call } = await serveTypes(t);
  const { status, body } = await call('GET', '/v1/asyncapi.json');
  assert.equal(status, 200);
  assert.equal(body.asyncapi, '3.0.0');
  const channels = body.channels as Record<string, { address: string; parameters: object }>;
  assert.deepEqual(
    Object.values(channels).map(({ address }) => address),
    [
      'devices/{deviceId}/telemetry',
      'events/meter/{deviceId}/telemetry',
      'devices/{deviceId}/telemetry',
      'events/a:b.c/{deviceId}/telemetry',
      'devices/{deviceId}/events/alarm',
      'events/a:b.c/{deviceId}/alarm',
    ],
  );
  for (const { address, parameters } of Object.values(channels)) {
    assert.deepEqual(
      Object.keys(parameters),
      [...address.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
    );
  }
  const operations = Object.values(body.operations as Record<string, { action: string; channel: { $ref: string } }>);
  assert.deepEqual(
    operations.map(({ channel }) => channel.$ref.replace('#/channels/', '')),
    Object.keys(channels),
    'each channel has one operation, and each operation a channel that is there',
  );
  assert.deepEqual([...new Set(operations.map(({ action }) => action))], ['receive', 'send']);
});

test('the payload of a published reading is checked by the schema of its event type, references and all', async (t) => {
  const { call } = await serveTypes(t);
  const { channels } = (await call('GET', '/v1/asyncapi.json')).body;
  const { schema, schemaFormat } = channels['meter.telemetry.read'].messages.reading.payload;
  assert.equal(schemaFormat, 'application/schema+json;version=draft-2020-12');
  const reading = (data: object): object => ({
    deviceId: 'a',
    deviceType: 'meter',
    eventType: 'telemetry',
    messageId: 'm',
    time: 1,
    receivedAt: 2,
    driver: 'json',
    driverVersion: '1.0.0',
    data,
  });
  const validate = new Ajv2020({ strict: false }).compile(schema);
  assert.ok(validate(reading({ t: 21 })), JSON.stringify(validate.errors));
  assert.ok(!validate(reading({ t: 'warm' })));
});

test('the OpenAPI document of a device type has its schemas in the bodies of its routes', async (t) => {
  const { call } = await serveTypes(t);
  const { openapi, paths } = (await call('GET', '/v1/device-types/meter/openapi.json')).body;
  assert.equal(openapi, '3.1.0');
  assert.deepEqual(Object.keys(paths), ['/v1/devices/{id}/telemetry']);
  const { schema } = paths['/v1/devices/{id}/telemetry'].post.requestBody.content['application/json'];
  assert.deepEqual(schema, { $id: 'urn:sluice:schema:meter:telemetry:1', ...telemetry });
  const others = (await call('GET', '/v1/device-types/a:b.c/openapi.json')).body.paths;
  assert.deepEqual(Object.keys(others), ['/v1/devices/{id}/telemetry', '/v1/devices/{id}/events/alarm']);
  assert.equal((await call('GET', '/v1/device-types/none/openapi.json')).status, 404);
});

test('a published reading of a type without a schema of its own has that of its driver', async (t) => {
  const { call, pipeline } = await serveTypes(t);
  const ofDriver = { type: 'object', required: ['w'], properties: { w: { type: 'integer' } } };
  pipeline.driverSchemas['a:b.c'] = { telemetry: ofDriver, door: ofDriver };
  pipeline.driverSchemas.meter = { telemetry: ofDriver };
  const { channels } = (await call('GET', '/v1/asyncapi.json')).body;
  const dataOf = (id: string): object => channels[id].messages.reading.payload.schema.properties.data;
  assert.deepEqual(dataOf('a:b.c.telemetry.read'), { $id: 'urn:sluice:driver-schema:a:b.c:telemetry', ...ofDriver });
  assert.deepEqual(dataOf('a:b.c.door.read'), { $id: 'urn:sluice:driver-schema:a:b.c:door', ...ofDriver });
  assert.match((dataOf('meter.telemetry.read') as { $id: string }).$id, /^urn:sluice:schema:meter:telemetry:/);
});
