import type { SluiceBroker } from '../sluice.ts';

/** ThingsBoard's payload, with the number of the message; `%lu` is for mqttload. */
export const payload = '{"pulseCounter":%lu,"leakage":false,"batteryLevel":81}';

const schema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  required: ['pulseCounter', 'leakage', 'batteryLevel'],
  properties: {
    pulseCounter: { type: 'integer', minimum: 0 },
    leakage: { type: 'boolean' },
    batteryLevel: { type: 'number', minimum: 0, maximum: 100 },
  },
};

export type Mode = 'inline' | 'queued';

/** Makes the type `meter`, whose readings are checked by a schema, and devices `meter-0`, `meter-1`, … of it. */
export async function registerFleet(broker: SluiceBroker, mode: Mode, devices: number): Promise<void> {
  await put(broker, '/v1/device-types/meter', { mode, schemaPolicy: 'enforce', schemas: { telemetry: schema } });
  for (let number = 0; number < devices; number++) await put(broker, `/v1/devices/meter-${number}`, { type: 'meter' });
}

/** Stops the pipeline from taking messages out of its queue, or lets it go on. Devices are acknowledged meanwhile. */
export async function holdPipeline(broker: SluiceBroker, act: 'pause' | 'resume'): Promise<void> {
  await send(broker, 'POST', `/v1/queues/ingest/${act}`, undefined);
}

function put(broker: SluiceBroker, path: string, body: object): Promise<void> {
  return send(broker, 'PUT', path, JSON.stringify(body));
}

async function send(broker: SluiceBroker, method: string, path: string, body: string | undefined): Promise<void> {
  const headers = body === undefined ? undefined : { 'content-type': 'application/json' };
  const response = await fetch(`http://127.0.0.1:${broker.httpPort}${path}`, { method, headers, body });
  const text = await response.text();
  if (!response.ok) throw new Error(`Cannot ${method} ${path}: ${response.status} ${text}`);
}
