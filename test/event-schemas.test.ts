import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectAsync } from 'mqtt';
import { startServer } from './server.ts';

test('a schema that changes in mid-stream judges each message by the old or the new one, and the reading says by which', async (t) => {
  const server = await startServer(t);
  await server.api('PUT', '/v1/device-types/meter', { mode: 'queued' });
  await server.api('PUT', '/v1/devices/a', { type: 'meter' });
  const schemaOf = (type: string): object => ({ type: 'object', properties: { v: { type } } });
  const path = '/v1/device-types/meter/schemas/telemetry';
  assert.deepEqual(await server.api('PUT', path, schemaOf('number')), { version: 1 });

  const client = await connectAsync(server.mqttUrl, { reconnectPeriod: 0, protocolVersion: 5 });
  t.after(() => client.endAsync(true));
  const versions: number[] = [];
  const last = new Promise<void>((resolve) => {
    client.on('message', (_, payload) => {
      const { schemaVersion, data } = JSON.parse(payload.toString());
      versions.push(schemaVersion);
      if (data.last === true) resolve();
    });
  });
  await client.subscribeAsync(['events/#', 'stale/#'], { qos: 1 });
  const send = (payload: object): Promise<unknown> =>
    client.publishAsync('devices/a/telemetry', JSON.stringify(payload), { qos: 1 });

  const messages = 2_000;
  for (let change = 0; change < 20; change++) {
    const sent = Promise.all(Array.from({ length: messages / 20 }, (_, i) => send({ v: i })));
    await server.api('PUT', path, schemaOf(change % 2 === 0 ? 'string' : 'number'));
    await sent;
  }
  assert.deepEqual(
    await server.api('PUT', path, schemaOf('number')),
    { version: 21 },
    'the same one is no new version',
  );
  await send({ v: 0, last: true });
  await last;

  assert.deepEqual(
    [...new Set(versions.map((version) => version % 2))],
    [1],
    'only schemas for numbers let numbers pass',
  );
  const metrics = await (await fetch(`${server.httpUrl}/metrics`)).text();
  const outcomes = metrics.matchAll(
    /^sluice_pipeline_messages_total\{outcome="(applied|stale|rejected:schema_violation)"\} (\d+)$/gm,
  );
  const total = Array.from(outcomes, ([, , count]) => Number(count)).reduce((sum, count) => sum + count, 0);
  assert.equal(total, messages + 1);
});

test('a message that names its schema is checked by that one, in every form, and an unknown one is told with what there is', async (t) => {
  const server = await startServer(t);
  await server.api('PUT', '/v1/device-types/meter', { mode: 'inline' });
  await server.api('PUT', '/v1/devices/a', { type: 'meter' });
  const put = (type: string): Promise<unknown> =>
    server.api('PUT', '/v1/device-types/meter/schemas/telemetry', { type: 'object', properties: { v: { type } } });
  await put('number');
  await put('string');
  const client = await connectAsync(server.mqttUrl, { reconnectPeriod: 0, protocolVersion: 5 });
  t.after(() => client.endAsync(true));
  const versions: number[] = [];
  const third = new Promise<void>((resolve) => {
    client.on('message', (_, payload) => {
      if (versions.push(JSON.parse(payload.toString()).schemaVersion) === 3) resolve();
    });
  });
  await client.subscribeAsync(['events/#', 'stale/#'], { qos: 1 });

  const post = async (
    path: string,
    body: string,
    headers: Record<string, string>,
  ): Promise<Record<string, unknown>> => {
    const answer = await fetch(server.httpUrl + path, { method: 'POST', body, headers });
    return (await answer.json()) as Record<string, unknown>;
  };
  const plain = (headers: Record<string, string>): Promise<Record<string, unknown>> =>
    post('/v1/devices/a/telemetry', '{"v":1}', headers);
  assert.equal((await plain({})).code, 'schema_violation');
  assert.equal((await plain({ 'sluice-schema': '1' })).outcome, 'applied');
  const unknown = await plain({ 'sluice-schema': '7' });
  assert.deepEqual([unknown.status, unknown.code, unknown.stage], [422, 'schema_unknown', 'validate']);
  assert.match(String(unknown.detail), /expected a version from 1 to 2, met version 7$/);
  assert.equal((await plain({ 'sluice-schema': 'first' })).code, 'invalid_argument');

  const event = (dataschema: string): Promise<Record<string, unknown>> =>
    post(
      '/v1/devices/a/cloud-events',
      JSON.stringify({
        specversion: '1.0',
        id: dataschema,
        source: '/a',
        type: 'telemetry',
        dataschema,
        data: { v: 1 },
      }),
      { 'content-type': 'application/cloudevents+json' },
    );
  assert.notEqual((await event('urn:sluice:schema:meter:telemetry:1')).outcome, undefined);
  assert.equal((await event('urn:sluice:schema:meter:telemetry:9')).code, 'schema_unknown');
  assert.equal(
    (await event('https://example.com/v1.json')).code,
    'schema_violation',
    'of somebody else: the current one',
  );

  const batch = await post('/v1/devices/a/batch', '[{"payload":{"v":1}},{"payload":{"v":1},"schema":"3"}]', {});
  assert.deepEqual(
    (batch.results as { code: string }[]).map(({ code }) => code),
    ['schema_violation', 'schema_unknown'],
  );
  const userProperties = { 'sluice-schema': '1' };
  await client.publishAsync('devices/a/telemetry', '{"v":1}', { qos: 1, properties: { userProperties } });
  await third;
  assert.deepEqual(versions, [1, 1, 1]);
  const { groups } = await server.api<{ groups: { code: string; count: number }[] }>('GET', '/v1/dead-letters');
  assert.ok(groups.some(({ code, count }) => code === 'schema_unknown' && count > 0));
});
