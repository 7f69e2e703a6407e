import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { silentLog } from '../../std/log.ts';
import type { DecodeRequest, DecodeResult } from '../driver.ts';
import { chirpStackUplink, eventsWithoutUplink, theThingsStackUplink } from '../testing/network-events.ts';
import { WorkerDriverHost } from './host.ts';

describe('what a network server wraps around a payload', () => {
  const host = new WorkerDriverHost({ threads: 1, timeoutMs: 1_000, log: silentLog });
  const sent = Buffer.from([1, 0xff]);

  before(async () => {
    await host.start();
    const script = 'function decodeUplink(input) { return { data: { bytes: input.bytes, fPort: input.fPort } } }';
    await host.add({ id: 'probe', version: '1.0.0', deviceType: 'probe', firmware: '*', script });
  });
  after(() => host.stop());

  test('is not seen by a codec: it gets the bytes of the device and their port', async () => {
    for (const event of [theThingsStackUplink(sent), chirpStackUplink(sent)]) {
      const [result] = await host.decode([request('probe', event)]);
      assert.deepEqual(readingsOf(result), [{ bytes: [1, 255], fPort: 7 }]);
    }
    const [withoutPort] = await host.decode([request('probe', theThingsStackUplink(sent, { f_port: null }))]);
    assert.deepEqual(readingsOf(withoutPort), [{ bytes: [1, 255], fPort: 2 }]);
  });

  test('is not seen by a driver that comes along', async () => {
    const temperature = Buffer.from([3, 0x67, 1, 0x10]);
    const [result] = await host.decode([request('cayenne-lpp', chirpStackUplink(temperature))]);
    assert.deepEqual(readingsOf(result), [{ temperature_3: 27.2 }]);
  });

  test('has its readings where the server decoded the payload and no driver does', async () => {
    const decoded = { temperature: 21.5 };
    const events = [
      theThingsStackUplink(sent, { decoded_payload: decoded }),
      chirpStackUplink(sent, { object: decoded }),
    ];
    for (const event of events) {
      const [result] = await host.decode([request('json', event)]);
      assert.ok(result.ok);
      assert.deepEqual(result.readings, [{ data: decoded, time: Date.parse('2026-01-02T03:04:05.600Z'), seq: 42 }]);
    }
    const [undecoded] = await host.decode([request('json', theThingsStackUplink(sent))]);
    assert.match(reasonOf(undecoded), /Bring a driver that is active for "x"/);
  });

  test('is answered without the driver where it holds nothing of the device, and costs its neighbours nothing', async () => {
    const uplink = request('probe', theThingsStackUplink(sent));
    const others = eventsWithoutUplink.map((event) => request('probe', event));
    const batch = others.flatMap((other) => [uplink, other, uplink]);
    const results = await host.decode([...batch, request('probe', theThingsStackUplink(Buffer.alloc(0)))]);
    for (const [place, result] of results.entries()) {
      assert.ok(result.ok);
      const isOther = place % 3 === 1 || place === batch.length;
      assert.deepEqual(readingsOf(result), isOther ? [] : [{ bytes: [1, 255], fPort: 7 }]);
      assert.equal(result.warnings.length, isOther ? 1 : 0);
    }
    const [plain] = await host.decode([request('json', eventsWithoutUplink[0])]);
    assert.deepEqual(readingsOf(plain), []);
  });

  test('is refused where its payload cannot be read', async () => {
    const [result] = await host.decode([request('probe', theThingsStackUplink(sent, { frm_payload: 'no base64!' }))]);
    assert.match(reasonOf(result), /in base64: met "no base64!"/);
  });

  test('breaks no runner, whatever stands where a name should', async () => {
    const odd = { ...theThingsStackUplink(sent), end_device_ids: { device_id: 'probe-1', dev_eui: { toString: 1 } } };
    const results = await host.decode([request('probe', odd), request('probe', theThingsStackUplink(sent))]);
    for (const result of results) assert.deepEqual(readingsOf(result), [{ bytes: [1, 255], fPort: 7 }]);
  });

  test('is left as it is where it only looks like that', async () => {
    const texts = ['{"deviceInfo":{"devEui":7}}', '{"deviceInfo"', `{"deviceInfo":${'['.repeat(100)}`];
    const results = await host.decode(texts.map((text) => ({ ...request('probe', {}), bytes: Buffer.from(text) })));
    for (const [place, result] of results.entries()) {
      assert.deepEqual(readingsOf(result), [{ bytes: [...Buffer.from(texts[place])], fPort: 2 }]);
    }
  });
});

function request(id: string, event: object): DecodeRequest {
  return {
    driver: { id, version: '1.0.0' },
    bytes: Buffer.from(JSON.stringify(event)),
    fPort: 2,
    receivedAt: 0,
    topic: 'devices/probe-1/telemetry',
    contentType: undefined,
    eventType: 'telemetry',
    device: { id: 'probe-1', type: 'x', firmwareVersion: undefined, attributes: {} },
    schemas: {},
    schemaPolicy: 'enforce',
  };
}

function readingsOf(result: DecodeResult): readonly object[] {
  assert.ok(result.ok, JSON.stringify(result));
  return result.readings.map(({ data }) => data);
}

function reasonOf(result: DecodeResult): string {
  return result.ok ? `ok: ${JSON.stringify(result.readings)}` : result.reason;
}
