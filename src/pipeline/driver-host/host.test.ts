import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, test } from 'node:test';
import { type Clock, systemClock } from '../../std/clock.ts';
import { silentLog } from '../../std/log.ts';
import type { DecodeRequest, DecodeResult } from '../driver.ts';
import { builtInDrivers } from '../drivers/index.ts';
import { devicePayloads, deviceTypeOf } from '../examples/device-payloads.ts';
import { exampleCodecs } from '../examples/testing/codecs.ts';
import { WorkerDriverHost } from './host.ts';

/** Rows of the data file that drivers and example codecs cover together. It never goes down. */
const rowsCovered = 82;

/** Built-in style drivers that no one should write. */
const misbehaving = `data:text/javascript,${encodeURIComponent(`
  const driver = (id, decodeUplink) =>
    ({ id, version: '1.0.0', match: { deviceType: id, firmware: '*' }, events: {}, decodeUplink, examples: [] });
  export const drivers = [
    driver('hangs', ({ bytes }) => { while (bytes[0] === 0) { } return { data: { byte: bytes[0] } }; }),
    driver('throws', () => { throw new TypeError('boom'); }),
  ];
`)}`;

/** A machine that runs everything at once must not take a tenth of a second to be a loop without end. */
const timeoutMs = 100;

/** Timers go on, and no minute passes: a driver that is set aside stays so for as long as a slow machine takes for the test. */
const standingClock: Clock = { now: () => 0, turn: () => 0, after: systemClock.after.bind(systemClock) };

describe('the driver host', () => {
  const host = new WorkerDriverHost({ threads: 2, timeoutMs, log: silentLog, driversModule: misbehaving });

  before(async () => {
    await host.start();
    for (const codec of exampleCodecs) await host.add({ ...codec, script: await readFile(codec.file, 'utf8') });
  });
  after(() => host.stop());

  test('gives every published reading for which there is a driver or an example codec, in one batch', async (t) => {
    const covered = devicePayloads.flatMap((payload) => {
      const driver = host.resolve(deviceTypeOf(payload), '1.0.0', 'd1');
      return driver === undefined || driver.id === 'json' ? [] : [{ payload, driver }];
    });
    const requests = covered.map(({ payload, driver }, index) => {
      const bytes = Buffer.from(payload.bytes, 'hex');
      return { ...request(driver.id, bytes), driver, fPort: payload.fPort, device: device(`d${index}`) };
    });
    const results = await host.decode(requests);
    for (const [index, { payload }] of covered.entries()) {
      const result = results[index];
      const given = result.ok ? { data: result.readings[0].data } : { errors: [result.reason] };
      assert.deepEqual(given, payload.output, `${payload.codec} "${payload.description}"`);
    }
    t.diagnostic(`${covered.length} of ${devicePayloads.length} published rows covered through the host`);
    assert.ok(covered.length >= rowsCovered, `Cover at least ${rowsCovered} rows: met ${covered.length}`);
  });

  test('lists its drivers', () => {
    const listed = host.drivers();
    assert.equal(listed.filter(({ builtIn }) => builtIn).length, builtInDrivers.length + 2);
    assert.ok(listed.some(({ id, builtIn }) => id === 'dragino-lht65' && !builtIn));
  });

  test('chooses the layout by firmware, and none for firmware that no driver knows', () => {
    const versionFor = (firmware: string | undefined) => host.resolve('digital-matter-oyster', firmware, 'd1')?.version;
    assert.deepEqual(['1.4.2', 'v2.1', '9.0.0', undefined].map(versionFor), ['1.0.0', '2.0.0', undefined, undefined]);
  });

  test('falls back to JSON only for types that have no driver of their own', () => {
    assert.deepEqual(nameFor('thermostat', '1.0.0'), 'json@1.0.0');
    assert.deepEqual(nameFor('thermostat', undefined), 'json@1.0.0');
    assert.deepEqual(nameFor('milesight-am107', undefined), 'milesight-am107@1.0.0');
  });

  test('answers an unknown driver with no_driver, whatever else the batch holds', async () => {
    const [unknown, known] = await host.decode([request('nobody'), request('json', Buffer.from('{"t":1}'))]);
    assert.deepEqual(codes([unknown, known]), ['no_driver', 'ok']);
  });

  test('an empty batch has an empty answer', async () => {
    assert.deepEqual(await host.decode([]), []);
  });

  test('a driver that throws costs its message', async () => {
    const results = await host.decode([request('throws'), request('hangs', Buffer.from([5]))]);
    assert.deepEqual(codes(results), ['driver_failed', 'ok']);
    assert.equal(reasonOf(results[0]), 'The driver threw: boom');
  });

  test('a built-in driver that hangs costs its message', async () => {
    const results = await host.decode([0, 7, 0, 8].map((byte) => request('hangs', Buffer.from([byte]))));
    assert.deepEqual(codes(results), ['driver_timeout', 'ok', 'driver_timeout', 'ok']);
  });

  test('JSON that no driver can read is refused with what was met', async () => {
    const results = await host.decode(
      ['{"t":', '[]', '\u0001', '{"t":1e999}'].map((text) => request('json', Buffer.from(text))),
    );
    assert.deepEqual(codes(results), ['driver_failed', 'driver_failed', 'driver_failed', 'driver_failed']);
    assert.match(
      reasonOf(results[2]),
      /Send JSON, or bring a driver that is active for "x": met a payload that starts with 0x01/,
    );
    assert.match(reasonOf(results[3]), /finite number in messages\[0\].data.t, met Infinity/);
  });

  test('the schema of the device type goes before that of the driver, and the policy decides', async () => {
    const bytes = Buffer.from('{"t":"warm"}');
    const schemas = { telemetry: { type: 'object', properties: { t: { type: 'number' } } } };
    const policies = ['enforce', 'warn', 'off'] as const;
    const results = await host.decode(
      policies.map((schemaPolicy) => ({ ...request('json', bytes), schemas, schemaPolicy })),
    );
    assert.deepEqual(codes(results), ['schema_violation', 'ok', 'ok']);
    assert.equal(reasonOf(results[0]), 'Reading "telemetry" does not match its schema: /t must be number');
    assert.deepEqual(
      results.map((result) => result.ok && result.warnings.length),
      [false, 1, 0],
    );
  });

  test('the schema policy of an event type, or of its family, goes before that of the device type', async () => {
    const bytes = Buffer.from(JSON.stringify({ t: 'warm' }));
    const schema = { type: 'object', properties: { t: { type: 'number' } } };
    const schemas = { telemetry: schema, 'alarm.fire': schema, 'alarm.test': schema };
    const schemaPolicies = { 'alarm.*': 'warn', 'alarm.test': 'off', telemetry: 'enforce' } as const;
    const ask = { ...request('json', bytes), schemas, schemaPolicies, schemaPolicy: 'off' as const };
    const results = await host.decode(
      ['telemetry', 'alarm.fire', 'alarm.test', 'other'].map((eventType) => ({ ...ask, eventType })),
    );
    assert.deepEqual(
      results.map((result) => (result.ok ? result.warnings.length : result.code)),
      ['schema_violation', 1, 0, 0],
    );
  });

  test('a message of a thousand readings warns of the first that do not match', async () => {
    const bytes = Buffer.from(JSON.stringify(Array.from({ length: 1000 }, () => ({ t: 'warm' }))));
    const schemas = { telemetry: { type: 'object', properties: { t: { type: 'number' } } } };
    const [result] = await host.decode([{ ...request('json', bytes), schemas, schemaPolicy: 'warn' }]);
    assert.deepEqual(result.ok && [result.readings.length, result.warnings.length], [1000, 32]);
  });

  test('a schema that cannot be used is named as the reason', async () => {
    const schemas = { telemetry: { type: 'number-ish' } };
    const [result] = await host.decode([{ ...request('json', Buffer.from('{"t":1}')), schemas }]);
    assert.deepEqual(codes([result]), ['schema_violation']);
    assert.match(reasonOf(result), /Cannot use the schema of "telemetry"/);
  });

  test("a driver's own schema holds where the device type has none", async () => {
    // 0xff half percent of humidity
    const [result] = await host.decode([request('milesight-am107', Buffer.from('0468ff', 'hex'))]);
    assert.match(reasonOf(result), /humidity must be <= 100/);
  });

  function nameFor(type: string, firmware: string | undefined): string {
    const ref = host.resolve(type, firmware, 'd1');
    return `${ref?.id}@${ref?.version}`;
  }
});

test('a driver that keeps breaking down is set aside, and its messages stay to be tried later', async (t) => {
  const host = new WorkerDriverHost({ threads: 1, timeoutMs, log: silentLog, clock: standingClock });
  t.after(() => host.stop());
  await host.start();
  await host.add({
    id: 'loops',
    version: '1.0.0',
    deviceType: 'loops',
    firmware: '*',
    script: 'function decodeUplink() { for (;;); }',
  });
  const first = await host.decode(Array.from({ length: 12 }, () => request('loops')));
  assert.equal(codes(first).filter((code) => code === 'driver_timeout').length, 8);
  assert.equal(codes(first).filter((code) => code === 'driver_set_aside').length, 4);
  const second = await host.decode([request('loops'), request('json', Buffer.from('{"t":1}'))]);
  assert.deepEqual(codes(second), ['driver_set_aside', 'ok']);
  assert.equal(
    reasonOf(second[0]),
    'Send the message again after 1970-01-01T00:01:00.000Z, and mend driver "loops@1.0.0": it is set aside for device type "x" ' +
      'until then, since it hung or broke down again and again within 60 s',
  );
  assert.equal(second[0].ok ? undefined : second[0].retryAfterSeconds, 60);
  const setAside = host.drivers().filter(({ setAsideFor }) => setAsideFor.length > 0);
  assert.deepEqual(
    setAside.map(({ id, setAsideFor }) => [id, setAsideFor]),
    [['loops', ['x']]],
  );
  await host.stop();
  assert.deepEqual(codes(await host.decode([request('json', Buffer.from('{"t":1}'))])), ['unavailable']);
});

test('what stood in the job that has a driver set aside is told when to come again, as all others are', async (t) => {
  const host = new WorkerDriverHost({ threads: 1, timeoutMs, log: silentLog, clock: standingClock });
  t.after(() => host.stop());
  await host.start();
  const script = 'function decodeUplink() { for (;;); }';
  await host.add({ id: 'loops', version: '1.0.0', deviceType: 'loops', firmware: '*', script });
  // From the second one on it has a time box, and messages go side by side.
  await host.decode([request('loops')]);
  const together = await host.decode(Array.from({ length: 12 }, () => request('loops')));
  const untried = together.slice(8);
  const [later] = await host.decode([request('loops')]);
  assert.deepEqual(codes(untried), new Array(4).fill('driver_set_aside'));
  assert.deepEqual(untried, new Array(4).fill(later));
});

test('a driver whose loops no time box ends is set aside after the third of them: others wait behind each', async (t) => {
  const host = new WorkerDriverHost({ threads: 1, timeoutMs: 20, log: silentLog, clock: standingClock });
  t.after(() => host.stop());
  await host.start();
  const script = 'function decodeUplink() { return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1); }';
  await host.add({ id: 'loops', version: '1.0.0', deviceType: 'loops', firmware: '*', script });
  const results = await host.decode(Array.from({ length: 5 }, () => request('loops')));
  assert.deepEqual(codes(results), [
    'driver_timeout',
    'driver_timeout',
    'driver_timeout',
    'driver_set_aside',
    'driver_set_aside',
  ]);
});

test('a result says how long its driver took, and nothing where it was not asked', async (t) => {
  const host = new WorkerDriverHost({ threads: 1, log: silentLog });
  t.after(() => host.stop());
  await host.start();
  const results = await host.decode([request('json', Buffer.from('{"t":1}')), request('json'), request('nobody')]);
  assert.deepEqual(
    results.map(({ decodeUs }) => typeof decodeUs),
    ['number', 'number', 'undefined'],
  );
});

test('a schema that takes too long sets its device type aside, and not the driver for other types', async (t) => {
  const host = new WorkerDriverHost({ threads: 1, timeoutMs, log: silentLog, clock: standingClock });
  t.after(() => host.stop());
  await host.start();
  const schemas = { telemetry: { properties: { x: { type: 'string', pattern: '^(a+)+$' } } } };
  const slow = { ...request('json', Buffer.from(`{"x":"${'a'.repeat(40)}!"}`)), schemas };
  await host.decode(new Array(9).fill({ ...slow, device: { ...device('d1'), type: 'slow' } }));
  const other = request('json', Buffer.from('{"t":1}'));
  const results = await host.decode([{ ...slow, device: { ...device('d1'), type: 'slow' } }, other]);
  assert.deepEqual(codes(results), ['driver_set_aside', 'ok']);
});

test('a schema of a library that is let down later costs its message and not the thread', async (t) => {
  const driversModule = new URL('./testing/library-driver.ts', import.meta.url).href;
  const host = new WorkerDriverHost({ threads: 1, timeoutMs, log: silentLog, driversModule });
  t.after(() => host.stop());
  await host.start();
  for (const messages of [1, 2, 3]) {
    const [asked, counted] = await host.decode([request('asks'), request('counts')]);
    assert.match(asked.ok ? '' : asked.reason, /^Cannot use the schema of "telemetry": .* answers later/);
    assert.deepEqual(counted.ok ? counted.readings[0].data : counted, { messages });
  }
});

test('more messages than may wait are answered at once as not tried', async (t) => {
  const host = new WorkerDriverHost({ threads: 1, log: silentLog });
  t.after(() => host.stop());
  await host.start();
  const one = request('json', Buffer.from('{"t":1}'));
  const results = await host.decode(new Array(20_100).fill(one));
  assert.deepEqual(codes(results.slice(0, 20_000)), new Array(20_000).fill('ok'));
  assert.deepEqual(codes(results.slice(20_000)), new Array(100).fill('unavailable'));
});

function request(id: string, bytes: Buffer = Buffer.from([0])): DecodeRequest {
  return {
    driver: { id, version: '1.0.0' },
    bytes,
    fPort: 1,
    receivedAt: 0,
    topic: 'devices/d1/telemetry',
    contentType: undefined,
    eventType: 'telemetry',
    device: device('d1'),
    schemas: {},
    schemaPolicy: 'enforce',
  };
}

function device(id: string): DecodeRequest['device'] {
  return { id, type: 'x', firmwareVersion: '1.0.0', attributes: { site: 'north' } };
}

function codes(results: readonly DecodeResult[]): string[] {
  return results.map((result) => (result.ok ? 'ok' : result.code));
}

function reasonOf(result: DecodeResult): string {
  return result.ok ? `ok: ${JSON.stringify(result.readings)}` : result.reason;
}
