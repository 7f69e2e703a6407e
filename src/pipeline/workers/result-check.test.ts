import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../std/json.ts';
import type { DecodeRequest, DecodeResult } from '../driver.ts';
import { builtInDrivers } from '../drivers/index.ts';
import { ResultCheck } from './result-check.ts';

const json = builtInDrivers[0];

function request(schema: JsonObject, about: Partial<DecodeRequest> = {}): DecodeRequest {
  return {
    driver: json,
    bytes: Buffer.from('{}'),
    fPort: undefined,
    receivedAt: 1,
    topic: 'devices/m/telemetry',
    contentType: undefined,
    eventType: 'telemetry',
    device: { id: 'm', type: 'meter', firmwareVersion: undefined, attributes: {} },
    schemas: { telemetry: schema },
    schemaPolicy: 'enforce',
    ...about,
  };
}

function readings(...datas: readonly JsonObject[]): DecodeResult {
  return { ok: true, readings: datas.map((data) => ({ data })), warnings: [] };
}

const needsN = { required: ['n'] };

test('readings that a schema refuses are a violation of it, whatever the worker says', () => {
  const results = [readings({ n: 1 }), readings({ n: 1 }, { m: 1 }), readings({ m: 1 }), readings({ m: 1 })];
  const requests = [
    request(needsN),
    request(needsN),
    request(needsN, { schemaPolicy: 'warn' }),
    request(needsN, { schemaPolicy: 'off', schemaPolicies: { 'tele*': 'enforce', telemetry: 'enforce' } }),
  ];
  const checked = new ResultCheck(builtInDrivers).checked(requests, results);
  assert.deepEqual(
    checked.map((result) => (result.ok ? 'ok' : `${result.stage} ${result.code}`)),
    ['ok', 'validate schema_violation', 'ok', 'validate schema_violation'],
  );
});

test('the schemas that a driver brings hold too', () => {
  const driver = builtInDrivers.find(({ events }) => 'telemetry' in events) ?? assert.fail('no driver brings one');
  const check = new ResultCheck(builtInDrivers);
  const [result] = check.checked(
    [request({}, { driver, schemas: {} })],
    [readings({ battery: 'a text', temperature: {} })],
  );
  assert.equal(result.ok, false);
});

test('a pattern that would run for ever ends in time', () => {
  const schema = { properties: { s: { pattern: '^(a+)+$' } } };
  const check = new ResultCheck(builtInDrivers);
  const slow = readings({ s: `${'a'.repeat(60)}!` });
  assert.throws(() => check.checked([request(schema)], [slow]), { code: 'unavailable' });
  assert.equal(check.checked([request(schema)], [readings({ s: 'aa' })])[0].ok, true);
});
