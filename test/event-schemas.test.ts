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
