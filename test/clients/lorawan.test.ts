import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import {
  chirpStack3ProtobufUplink,
  chirpStack3Uplink,
  chirpStackUplink,
  eventsWithoutUplink,
  theThingsStackUplink,
} from '../../src/pipeline/testing/network-events.ts';
import { type Server, startConfigured } from '../server.ts';
import { missing, Program } from './program.ts';

const skip = missing('/usr/bin/curl', 'curl') || missing('/usr/bin/mosquitto_pub', 'mosquitto-clients');

const operators = 'a-token-of-the-operators';
const webhook = 'a-token-of-the-webhook';
const codec = `
function decodeUplink(input) {
  if (input.bytes[0] !== 1) return { errors: ["Frame " + input.bytes[0] + " is unknown"] };
  return { data: { temperature: input.bytes[1] / 10, port: input.fPort } };
}`;

const started = startConfigured(
  { after },
  {
    access: {
      anonymous: 'never',
      tokens: [
        { name: 'ops', token: operators, admin: true },
        { name: 'webhook', token: webhook, rules: [{ action: 'publish', filter: 'devices/+/telemetry' }] },
        { name: 'elsewhere', token: 'a-token-without-any-rules', rules: [] },
      ],
      users: [{ name: 'chirpstack', password: 'secret', rules: [{ action: 'publish', filter: 'devices/#' }] }],
    },
  },
);

/** The server, with a codec for devices of which a network server may tell, and one without a driver: all of them new. */
async function withCodec(): Promise<Server> {
  const server = await started;
  await asOperator(server, 'PUT', '/v1/device-types/probe', { mode: 'inline' });
  await asOperator(server, 'PUT', '/v1/device-types/plain', { mode: 'inline' });
  await asOperator(server, 'PUT', '/v1/drivers/probe/1.0.0', { deviceType: 'probe', script: codec });
  const euis = ['70b3d57ed0000002', '70b3d57ed0000003', '70b3d57ed0000004'].map((eui) => [eui, 'probe']);
  const devices = { 'probe-1': 'probe', ...Object.fromEntries(euis), 'plain-1': 'plain' };
  for (const [id, type] of Object.entries(devices)) {
    await curl(server, operators, `/v1/devices/${id}`, '--request', 'DELETE');
    await asOperator(server, 'PUT', `/v1/devices/${id}`, { type });
  }
  return server;
}

async function curl(
  server: Server,
  token: string,
  path: string,
  ...more: readonly string[]
): Promise<[number, string]> {
  const common = [
    '--silent',
    '--show-error',
    '--write-out',
    '\n%{http_code}',
    '--header',
    `authorization: Bearer ${token}`,
  ];
  const { stdout } = await new Program('/usr/bin/curl', [...common, ...more, `${server.httpUrl}${path}`]).ended;
  const [text, status] = stdout.split(/\n(?=\d+$)/);
  return [Number(status), text];
}

async function asOperator<T>(server: Server, method: string, path: string, body?: object): Promise<T> {
  const sent = body === undefined ? [] : ['--json', JSON.stringify(body)];
  const [status, text] = await curl(server, operators, path, '--request', method, ...sent);
  assert.match(String(status), /^20/, text);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

function tell(server: Server, event: object, token = webhook, path = '/v1/lorawan/events'): Promise<[number, string]> {
  return curl(server, token, path, '--json', JSON.stringify(event));
}

interface Story {
  readonly status: string;
  readonly dead?: { readonly code: string };
  readonly rows: readonly { readonly data: object; readonly time: number }[];
}

/** What became of a message that is safe, once it was processed. */
async function story(server: Server, deviceId: string, answer: string): Promise<Story> {
  const { messageId } = JSON.parse(answer) as { messageId: string };
  for (;;) {
    const told = await asOperator<Story>(server, 'GET', `/v1/devices/${deviceId}/messages/${messageId}`);
    if (told.status !== 'waiting') return told;
  }
}

test('uplinks of The Things Stack and ChirpStack are decoded by the codec of their device, at the time of their arrival there', {
  skip,
}, async () => {
  const server = await withCodec();
  const data = { temperature: 21.5, port: 7 };
  const time = Date.parse('2026-01-02T03:04:05.600Z');
  const events = {
    'probe-1': theThingsStackUplink,
    '70b3d57ed0000002': chirpStackUplink,
    '70b3d57ed0000003': chirpStack3Uplink,
    '70b3d57ed0000004': (payload: Buffer) => chirpStack3ProtobufUplink(payload, { devEUI: 'cLPVftAAAAQ=' }),
  };
  for (const [deviceId, uplink] of Object.entries(events)) {
    const [status, answer] = await tell(server, uplink(Buffer.from([1, 215])));
    assert.equal(status, 202, answer);
    const { rows } = await story(server, deviceId, answer);
    assert.deepEqual(
      rows.map((row) => [row.data, row.time]),
      [[data, time]],
    );
    const [again, same] = await tell(server, uplink(Buffer.from([1, 215])));
    assert.deepEqual([again, same], [202, answer]);
  }
});

test('joins and whatever else a network server tells are answered, and nothing comes of them', { skip }, async () => {
  const server = await withCodec();
  for (const event of eventsWithoutUplink) {
    const [status, answer] = await tell(server, event, webhook, '/v1/lorawan/events?event=join');
    assert.deepEqual([status, Object.keys(JSON.parse(answer))], [200, ['ignored']]);
  }
  for (const id of ['probe-1', '70b3d57ed0000002', '70b3d57ed0000003']) {
    assert.deepEqual((await asOperator<{ state: object }>(server, 'GET', `/v1/devices/${id}/state`)).state, []);
  }
});

test('an uplink that the codec cannot read is safe among the dead letters, though its network server sends it once', {
  skip,
}, async () => {
  const server = await withCodec();
  const [status, answer] = await tell(server, theThingsStackUplink(Buffer.from([9])));
  assert.equal(status, 202, answer);
  const { status: became, dead } = await story(server, 'probe-1', answer);
  assert.deepEqual([became, dead?.code], ['dead', 'driver_failed']);
});

test('who may not publish for a device may not tell of it, and one that is not registered is named', {
  skip,
}, async () => {
  const server = await withCodec();
  const uplink = theThingsStackUplink(Buffer.from([1, 215]));
  assert.equal((await tell(server, uplink, 'a-token-without-any-rules'))[0], 403);
  assert.equal((await tell(server, uplink, 'a-token-that-nobody-has'))[0], 401);
  const unknown = { ...uplink, end_device_ids: { device_id: 'probe-9' } };
  const [status, answer] = await tell(server, unknown);
  assert.equal(status, 404);
  assert.match(answer, /probe-9/);
  for (const wrong of [{ device_id: 'me' }, { device_id: '#' }]) {
    assert.equal((await tell(server, { ...uplink, end_device_ids: wrong }))[0], 400);
  }
  assert.equal((await tell(server, { temperature: 21.5 }))[0], 400);
});

test('without a driver the readings are what the network server decoded', { skip }, async () => {
  const server = await withCodec();
  const uplink = theThingsStackUplink(Buffer.from([1, 215]), { decoded_payload: { temperature: 3 } });
  const [status, answer] = await tell(server, { ...uplink, end_device_ids: { device_id: 'plain-1' } });
  assert.equal(status, 202, answer);
  assert.deepEqual(
    (await story(server, 'plain-1', answer)).rows.map(({ data }) => data),
    [{ temperature: 3 }],
  );
});

test('the same events are understood on the topic of a device and its path, and joins there leave it as it is', {
  skip,
}, async () => {
  const server = await withCodec();
  const publish = async (event: object): Promise<void> => {
    const at = ['-p', String(server.mqttPort), '-u', 'chirpstack', '-P', 'secret', '-V', '5', '-q', '1'];
    const what = ['-t', 'devices/70b3d57ed0000002/events/up', '-m', JSON.stringify(event)];
    const { code, stderr, stdout } = await new Program('/usr/bin/mosquitto_pub', [...at, ...what]).ended;
    assert.deepEqual([code, stderr + stdout], [0, '']);
  };
  await publish(chirpStackUplink(Buffer.from([1, 215])));
  for (const event of eventsWithoutUplink) await publish(event);
  const [status, answer] = await tell(
    server,
    theThingsStackUplink(Buffer.from([1, 30])),
    webhook,
    '/v1/devices/probe-1/telemetry',
  );
  assert.deepEqual([status, JSON.parse(answer).outcome], [403, undefined]);
  const [taken, outcome] = await tell(
    server,
    theThingsStackUplink(Buffer.from([1, 30])),
    operators,
    '/v1/devices/probe-1/telemetry',
  );
  assert.deepEqual([taken, JSON.parse(outcome).outcome], [200, 'applied']);
  const valuesOf = async (id: string): Promise<unknown[]> => {
    const { state } = await asOperator<{ state: { key: string; value: unknown }[] }>(
      server,
      'GET',
      `/v1/devices/${id}/state`,
    );
    return state.map(({ key, value }) => [key, value]).sort();
  };
  assert.deepEqual(await valuesOf('70b3d57ed0000002'), [
    ['port', 7],
    ['temperature', 21.5],
  ]);
  assert.deepEqual(await valuesOf('probe-1'), [
    ['port', 7],
    ['temperature', 3],
  ]);
});
