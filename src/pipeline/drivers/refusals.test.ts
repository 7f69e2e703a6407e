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
  for (const contentType of ['application/json', 'application/json; charset=utf-8', 'application/senml+json']) {
    assert.deepEqual(run('json', spaced, { contentType }).messages, [{ data: { t: 1 } }]);
  }
});

test('JSON: "values" is a reading like others where something stands beside it or no time is given', () => {
  const plain = ['{"values":{"a":1}}', '{"ts":5,"values":{"a":1},"b":2}'].map((text) => run('json', Buffer.from(text)));
  assert.deepEqual(plain[0].messages, [{ data: { values: { a: 1 } } }]);
  assert.deepEqual(plain[1].messages, [{ data: { values: { a: 1 }, b: 2 }, time: 5 }]);
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
