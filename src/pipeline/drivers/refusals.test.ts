import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { UplinkInput, UplinkOutput } from '../driver.ts';
import { builtInDrivers } from './index.ts';

test('JSON: what is not a reading is refused with what was met', () => {
  const refused: [string, RegExp][] = [
    ['', /no bytes at all/],
    ['temperature=3', /starts with 0x74/],
    ['{"t":', /Send JSON that can be read/],
    ['[]', /met an empty array/],
    ['{}', /met an object without any/],
    ['{"messageId":"m","seq":1}', /met an object without any/],
    ['[{"t":1},7]', /\[1\]: Send a JSON object of readings, met 7/],
    [
      '{"ts":"yesterday","t":1}',
      /"ts" or "time" as epoch milliseconds or an ISO 8601 text with its zone, met "yesterday"/,
    ],
    ['{"seq":1.5,"t":1}', /"seq" as an integer, met 1.5/],
    [JSON.stringify(new Array(1001).fill({ t: 1 })), /at most 1000 readings at once, met 1001/],
  ];
  for (const [text, reason] of refused) assert.match(errorOf(run('json', Buffer.from(text))), reason, text);
  assert.match(errorOf(run('json', Buffer.from('7b22ff227d', 'hex'))), /Send JSON that can be read/);
});

test('JSON: a content type of JSON goes before what the first byte looks like', () => {
  const spaced = Buffer.from(' {"t":1}');
  assert.match(errorOf(run('json', spaced)), /starts with 0x20/);
  for (const contentType of ['application/json', 'application/json; charset=utf-8', 'application/vnd.meter+json']) {
    assert.deepEqual(run('json', spaced, { contentType }).messages, [{ data: { t: 1 } }]);
  }
});

test('JSON: "values" is a reading like others where something stands beside it or no time is given', () => {
  const plain = ['{"values":{"a":1}}', '{"ts":5,"values":{"a":1},"b":2}'].map((text) => run('json', Buffer.from(text)));
  assert.deepEqual(plain[0].messages, [{ data: { values: { a: 1 } } }]);
  assert.deepEqual(plain[1].messages, [{ data: { values: { a: 1 }, b: 2 }, time: 5 }]);
});

test('JSON: a device type without a driver sends what its content type says, and CloudEvents', () => {
  const cbor = Buffer.from('81a2006474656d7002f94c00', 'hex');
  assert.deepEqual(run('json', cbor, { contentType: 'application/senml+cbor' }).messages, [{ data: { temp: 16 } }]);
  const senml = Buffer.from('[{"n":"temp","v":16}]');
  assert.deepEqual(run('json', senml, { contentType: 'application/senml+json' }).messages, [{ data: { temp: 16 } }]);
  const lpp = Buffer.from('03670110', 'hex');
  assert.deepEqual(run('json', lpp, { contentType: 'application/vnd.cayenne-lpp' }).data, { temperature_3: 27.2 });
  const event = '{"specversion":"1.0","id":"1","source":"x","type":"a.b","data":{"t":1}}';
  assert.deepEqual(run('json', Buffer.from(event)).messages, [{ data: { t: 1 }, eventType: 'a.b' }]);
  assert.deepEqual(run('json', Buffer.from(`[${event}]`)).messages, [{ data: { t: 1 }, eventType: 'a.b' }]);
});

test('SenML: what RFC 8428 does not allow is refused with the record', () => {
  const refused: [string, RegExp][] = [
    ['{}', /expected an array of records/],
    ['[]', /at least one record with a value/],
    ['[7]', /\[0\] is not an object/],
    ['[{"v":1}]', /\[0\]: expected a name/],
    ['[{"n":"a b","v":1}]', /met "a b"/],
    ['[{"n":"-a","v":1}]', /met "-a"/],
    ['[{"n":"a"}]', /"a" has neither a value nor a sum/],
    ['[{"n":"a","v":1,"vs":"x"}]', /expected one value, met v and vs/],
    ['[{"n":"a","v":"1"}]', /a number in "v", met "1"/],
    ['[{"n":"a","vb":1}]', /true or false in "vb"/],
    ['[{"n":"a","vd":"+/="}]', /bytes in "vd"/],
    ['[{"n":"a","v":1},{"n":"b","v":1,"must_":2}]', /\[1\]: "must_" must be understood/],
    ['[{"bver":11,"n":"a","v":1}]', /bver up to 10, met 11/],
    ['[{"bt":"now","n":"a","v":1}]', /a number in "bt"/],
    [JSON.stringify(new Array(1001).fill({ n: 'a', v: 1 })), /at most 1000 records, met 1001/],
  ];
  for (const [text, reason] of refused) assert.match(errorOf(run('senml', Buffer.from(text))), reason, text);
  assert.match(errorOf(run('senml', Buffer.from('81f97e00', 'hex'))), /not a map/);
  assert.match(errorOf(run('senml', Buffer.from('81a2006161 02f97e00'.replace(' ', ''), 'hex'))), /a number in "v"/);
});

test('SenML: unknown labels are passed over, times are relative below 2^28, and nothing of one name and time is lost', () => {
  const records =
    '[{"bn":"d:","n":"a","v":1,"x":"y","t":-2},{"n":"b","v":2},{"n":"b","v":3},{"n":"c","v":4,"t":268435456}]';
  assert.deepEqual(run('senml', Buffer.from(records), { recvTime: new Date(10_000) }).messages, [
    { data: { a: 1 }, time: 8_000 },
    { data: { b: 2 } },
    { data: { b: 3 } },
    { data: { c: 4 }, time: 268_435_456_000 },
  ]);
  const names = '[{"n":"__proto__","v":1}]';
  assert.match(errorOf(run('senml', Buffer.from(names))), /expected a name/);
  const bytes = Buffer.from('81a2006161084301feff', 'hex');
  assert.deepEqual(run('senml', bytes).messages, [{ data: { a: 'Af7_' } }]);
});

test('Cayenne LPP: an unknown type is refused, and a value that comes twice is told', () => {
  assert.match(errorOf(run('cayenne-lpp', Buffer.alloc(0))), /no bytes at all/);
  assert.match(errorOf(run('cayenne-lpp', Buffer.from('0367011003fa00', 'hex'))), /Unknown type 250 at byte 5/);
  assert.match(errorOf(run('cayenne-lpp', Buffer.from('03', 'hex'))), /Unknown type of no byte at byte 1/);
  assert.match(errorOf(run('cayenne-lpp', Buffer.from('036701', 'hex'))), /"temperature" ends at byte 4: met 3/);
  const twice = run('cayenne-lpp', Buffer.from('0367011003670111', 'hex'));
  assert.deepEqual(twice.data, { temperature_3: 27.3 });
  assert.deepEqual(twice.warnings, ['"temperature_3" came more than once: the last one is kept']);
});

test('CloudEvents: what is no event, or has no readings, is refused with what is missing', () => {
  const event = (more: object): string =>
    JSON.stringify({ specversion: '1.0', id: '1', source: 'x', type: 'a', data: { t: 1 }, ...more });
  const refused: [string, RegExp][] = [
    ['nothing', /CloudEvent that can be read/],
    ['{"specversion":"1.0","t":1}', /with specversion, id, source and type/],
    ['[]', /1 to 1000 CloudEvents at once, met 0/],
    [event({ specversion: '0.3' }), /CloudEvents 1.0, met specversion "0.3"/],
    [event({ id: '' }), /with specversion/],
    [event({ data: 7 }), /JSON object of readings in "data"/],
    [event({ data: {} }), /an object without any/],
    [event({ data: undefined, data_base64: 'AA==' }), /JSON in data_base64/],
    [event({ time: '2025-01-01' }), /Send "time" as/],
    [`[${event({})},7]`, /\[1\]: Send a CloudEvent/],
  ];
  for (const [text, reason] of refused) assert.match(errorOf(run('cloud-events', Buffer.from(text))), reason, text);
  assert.deepEqual(run('cloud-events', Buffer.from('{"t":1}')).data, { t: 1 }, 'the data of one without its envelope');
  assert.deepEqual(run('cloud-events', Buffer.from(event({ sequence: 'x' }))).messages, [
    { data: { t: 1 }, eventType: 'a' },
  ]);
});

test('Decentlab: another protocol version is refused, and words behind the known sensors are told', () => {
  assert.match(errorOf(run('decentlab-dl-sht35', Buffer.from('01030e00020c60', 'hex'))), /version 2, met 1/);
  const longer = run('decentlab-dl-sht35', Buffer.from('02030e00060c601234', 'hex'));
  assert.deepEqual(longer.warnings, ['Ignored 2 bytes behind the sensor groups that are known']);
});

test('Decentlab: sensors of the indoor monitor that no published example shows', () => {
  const { data } = run(
    'decentlab-dl-iam',
    Buffer.from('020bbd007f0b926a515d48bc4e0262006981c7000093d4000b0111', 'hex'),
  );
  const values = Object.fromEntries(
    Object.entries(data ?? {}).map(([name, reading]) => [name, (reading as { value?: number }).value]),
  );
  assert.equal(values.barometric_pressure, 96412);
  assert.equal(values.co2_concentration, 455);
  assert.equal(values.activity_counter, 11);
  assert.equal(values.total_voc, 273);
  assert.equal(values.illuminance, (610 - 1.64 * 105) * 1.5504);
});

test('Milesight: a channel that is not known is refused, since nothing behind it can be found', () => {
  assert.match(
    errorOf(run('milesight-am107', Buffer.from('01755c0a0001', 'hex'))),
    /Unknown channel and type "0a 00" at byte 3/,
  );
});

test('Oyster: the port must agree with the layout of the firmware', () => {
  const full = Buffer.from('0030edec003224450000de', 'hex');
  assert.match(errorOf(run('digital-matter-oyster', full, { fPort: 4 })), /on fPort 1, met fPort 4/);
});

test('Oyster: without a fix the last location stands apart', () => {
  const { data, warnings } = run('digital-matter-oyster', Buffer.from('0030edec003224450200de', 'hex'));
  assert.deepEqual(warnings, ['fix failed']);
  assert.equal(data?.latitudeDeg, undefined);
  const { latitudeDeg } = (data?.cached ?? {}) as { latitudeDeg?: number };
  assert.equal(latitudeDeg, -32);
});

test('Nwave: an unknown port is refused, an unknown reset cause is told', () => {
  assert.match(errorOf(run('nwave-nps310sm', Buffer.from('00', 'hex'), { fPort: 6 })), /met 6/);
  const { data, warnings } = run('nwave-nps310sm', Buffer.from('0102030901', 'hex'), { fPort: 3 });
  assert.deepEqual(data, { type: 'startup', firmware_version: '1.2.3', occupied: true });
  assert.deepEqual(warnings, ['Unknown reset cause 9']);
});

function run(id: string, bytes: Buffer, more: Partial<UplinkInput> = {}): UplinkOutput {
  const driver = builtInDrivers.find((candidate) => candidate.id === id);
  assert.ok(driver !== undefined, `no driver ${id}`);
  return driver.decodeUplink({
    bytes,
    fPort: 1,
    recvTime: new Date(0),
    topic: 'devices/d1/telemetry',
    contentType: undefined,
    eventType: 'telemetry',
    device: { id: 'd1', type: 'x', firmwareVersion: undefined, attributes: {} },
    ...more,
  });
}

function errorOf(output: UplinkOutput): string {
  return output.errors?.join('; ') ?? `no error: ${JSON.stringify(output)}`;
}
