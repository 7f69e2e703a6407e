import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DecodeRequest } from '../driver.ts';
import { type BatchLine, BatchReader, BatchWriter, resultFrom } from './wire.ts';

const script = { id: 's', version: '1.0.0', deviceType: 't', firmware: '*', script: 'function decodeUplink() {}' };

test('requests arrive as they were sent, with every byte and each schema set', () => {
  const writer = new BatchWriter(() => undefined);
  const reader = new BatchReader();
  const schemas = { telemetry: { type: 'object' } };
  const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).subarray(3, 250);
  const sent = [request({ bytes, schemas, fPort: 7 }), request({ schemas: {} }), request({ schemas })];
  const received = reader.read(parsed(writer.write(1, sent)));
  assert.deepEqual(received, sent.map(plain));
});

test('a schema set and a script cross once', () => {
  const writer = new BatchWriter(({ id }) => (id === 's' ? script : undefined));
  const reader = new BatchReader();
  const sent = [request({ driver: { id: 's', version: '1.0.0' } }), request({})];
  const first = parsed(writer.write(1, sent));
  const second = parsed(writer.write(2, sent));
  assert.deepEqual([first.drivers, second.drivers], [[script], []]);
  assert.deepEqual([first.schemas.length, second.schemas.length], [1, 0]);
  reader.read(first);
  assert.deepEqual(reader.read(second), sent.map(plain));
});

test('a version that was made anew crosses again', () => {
  let now = script;
  const writer = new BatchWriter(() => now);
  writer.write(1, [request({})]);
  now = { ...script, script: 'function decodeUplink() { return {}; }' };
  assert.deepEqual(parsed(writer.write(2, [request({})])).drivers, [now]);
});

test('with a new script goes word of those that the server has no more, once', () => {
  const loaded = new Map<string, typeof script>();
  const writer = new BatchWriter(({ version }) => loaded.get(version));
  const write = (version: string): BatchLine =>
    parsed(
      writer.write(1, [request({ driver: { id: 's', version } }), request({ driver: { id: 's', version: '1.0.0' } })]),
    );
  loaded.set('1.0.0', script);
  loaded.set('1.1.0', { ...script, version: '1.1.0' });
  assert.deepEqual(write('1.1.0').driversGone, []);
  loaded.delete('1.1.0');
  assert.deepEqual(write('1.1.0').driversGone, []);
  loaded.set('1.2.0', { ...script, version: '1.2.0' });
  assert.deepEqual(write('1.2.0').driversGone, [{ id: 's', version: '1.1.0' }]);
  loaded.set('1.3.0', { ...script, version: '1.3.0' });
  assert.deepEqual(write('1.3.0').driversGone, []);
});

test('more schema sets than a session numbers start anew, and none is mistaken for another', () => {
  const writer = new BatchWriter(() => undefined);
  const reader = new BatchReader();
  let anew = 0;
  for (let batch = 0; batch < 50; batch++) {
    const sent = Array.from({ length: 90 }, (_, index) => request({ schemas: { [`e${batch * 90 + index}`]: {} } }));
    const line = parsed(writer.write(batch, sent));
    if (line.forgetSchemas) anew++;
    assert.deepEqual(reader.read(line), sent.map(plain));
  }
  assert.equal(anew, 2);
});

test('schema sets that are long start anew sooner', () => {
  const writer = new BatchWriter(() => undefined);
  const title = 'x'.repeat(1024 * 1024);
  const anew = Array.from({ length: 40 }, (_, batch) => {
    const line = parsed(writer.write(batch, [request({ schemas: { telemetry: { title, batch } } })]));
    return line.forgetSchemas ? [batch] : [];
  });
  assert.deepEqual(anew.flat(), [16, 32]);
});

test('a result is read as what a driver may answer', () => {
  const readings = [{ eventType: 'telemetry', time: 5, seq: 1, data: { v: 1 } }, { data: {} }];
  assert.deepEqual(resultFrom({ ok: true, readings, warnings: ['odd'] }), { ok: true, readings, warnings: ['odd'] });
  const failed = { ok: false, stage: 'validate', code: 'schema_violation', reason: 'too large' };
  assert.deepEqual(resultFrom(failed), failed);
  const long = resultFrom({ ...failed, reason: 'x'.repeat(100_000) });
  assert.ok(typeof long === 'object' && !long.ok && long.reason.length < 1_000);
});

test('what is no result is told so', () => {
  const deep = JSON.parse(`${'{"a":'.repeat(60)}1${'}'.repeat(60)}`);
  const wrong: unknown[] = [
    null,
    [],
    'ok',
    {},
    { ok: true },
    { ok: true, readings: {} },
    { ok: true, readings: [{ data: [] }] },
    { ok: true, readings: [{ data: { v: 1 }, eventType: 'a/b' }] },
    { ok: true, readings: [{ data: { v: 1 }, time: 'soon' }] },
    { ok: true, readings: [{ data: deep }] },
    { ok: true, readings: Array.from({ length: 1_001 }, () => ({ data: {} })) },
    { ok: true, readings: [{ data: Object.fromEntries(Array.from({ length: 10_001 }, (_, key) => [`k${key}`, 1])) }] },
    { ok: false, stage: 'store', code: 'driver_failed', reason: '' },
    { ok: false, stage: 'decode', code: 'device_unknown', reason: '' },
    { ok: false, stage: 'decode', code: 'no_driver', reason: '' },
    { ok: false, stage: 'decode', code: 'driver_failed' },
  ];
  for (const json of wrong) assert.equal(typeof resultFrom(json), 'string', JSON.stringify(json)?.slice(0, 100));
});

function parsed(line: string): BatchLine {
  assert.ok(!line.includes('\n'));
  return JSON.parse(line);
}

/** As JSON leaves it. */
function plain(sent: DecodeRequest): object {
  return { ...JSON.parse(JSON.stringify({ ...sent, bytes: undefined })), bytes: Buffer.from(sent.bytes) };
}

function request(about: Partial<DecodeRequest>): DecodeRequest {
  return {
    driver: { id: 'json', version: '1.0.0' },
    bytes: Buffer.from('{}'),
    fPort: undefined,
    receivedAt: 1,
    topic: 'devices/d/telemetry',
    contentType: undefined,
    eventType: 'telemetry',
    device: { id: 'd', type: 't', firmwareVersion: undefined, attributes: { site: 'north' } },
    schemas,
    schemaPolicy: 'enforce',
    ...about,
  };
}

const schemas = { telemetry: { type: 'object' } };
