import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject, JsonValue } from '../../std/json.ts';
import { readEnvelope } from '../envelope.ts';
import {
  chirpStack3ProtobufUplink,
  chirpStack3Uplink,
  chirpStackUplink,
  eventsWithoutUplink,
  theThingsStackUplink,
} from '../testing/network-events.ts';
import { payloadOf, readNetworkEvent } from './network-events.ts';

const sent = Buffer.from([1, 0xff]);
const time = Date.parse('2026-01-02T03:04:05.600Z');

test('an uplink of The Things Stack is known by its device, and has its port, counter, time and an id', () => {
  const decoded = { temperature: 21.5 };
  const event = readNetworkEvent(theThingsStackUplink(sent, { decoded_payload: decoded }));
  assert.deepEqual(event?.deviceNames, ['probe-1', '70B3D57ED0000001', '70b3d57ed0000001']);
  const { messageId, ...uplink } = event?.uplink ?? {};
  assert.deepEqual(uplink, { payload: 'Af8=', fPort: 7, decoded, time, seq: 42 });
  assert.match(messageId ?? '', /^lorawan-[\w-]{43}$/);
});

test('copies of an uplink of The Things Stack have one id, the next one of the device has another', () => {
  const idOf = (uplink: object, again: object = {}): string | undefined =>
    readNetworkEvent({ ...theThingsStackUplink(sent, { ...uplink }), ...again })?.uplink?.messageId;
  const first = idOf({});
  assert.equal(idOf({ rx_metadata: [] }, { received_at: '2026-01-02T03:04:09Z', correlation_ids: ['other'] }), first);
  const others = [{ f_cnt: 43 }, { session_key_id: 'other' }, { received_at: '2026-01-02T03:05:05Z' }];
  for (const other of others) assert.notEqual(idOf(other), first);
});

test('an uplink of ChirpStack is known by its EUI, and has the id that ChirpStack gave it', () => {
  const object = { temperature: 21.5 };
  const event = readNetworkEvent(chirpStackUplink(sent, { object }));
  assert.deepEqual(event?.deviceNames, ['70b3d57ed0000002', '70B3D57ED0000002']);
  const messageId = '3ac7e3c4-4401-4b8d-9386-a5c902f9202d';
  assert.deepEqual(event?.uplink, { payload: 'Af8=', fPort: 7, decoded: object, messageId, time, seq: 42 });
});

test('an uplink of ChirpStack 3 is known by its EUI in both forms, with what its codec made', () => {
  const object = { temperature: 21.5 };
  for (const event of [
    chirpStack3Uplink(sent, { object }),
    chirpStack3ProtobufUplink(sent, { objectJSON: JSON.stringify(object) }),
  ]) {
    const { deviceNames, uplink } = readNetworkEvent(event) ?? assert.fail('no event');
    assert.deepEqual(deviceNames, ['70b3d57ed0000003', '70B3D57ED0000003']);
    const { messageId, ...others } = uplink ?? {};
    assert.deepEqual(others, { payload: 'Af8=', fPort: 7, decoded: object, time, seq: 42 });
    assert.match(messageId ?? '', /^lorawan-[\w-]{43}$/);
  }
});

test('copies of an uplink of ChirpStack 3 have one id, the next one has another, and one that nobody numbers has none', () => {
  const idOf = (event: JsonObject): string | undefined =>
    readNetworkEvent(chirpStack3Uplink(sent, event))?.uplink?.messageId;
  const rx = (uplinkID: string, at: string | null = null): JsonObject => ({ rxInfo: [{ uplinkID, time: at }] });
  const first = idOf({});
  assert.equal(idOf({ object: { a: 1 }, tags: {} }), first);
  assert.notEqual(idOf({ fCnt: 43 }), first);
  assert.notEqual(idOf(rx('6d1f8d2e-33a4-4ef1-8b0a-5a3a2f6b7c02')), first);
  for (const none of ['00000000-0000-0000-0000-000000000000', 'AAAAAAAAAAAAAAAAAAAAAA==', '']) {
    assert.equal(idOf(rx(none)), undefined);
    assert.notEqual(idOf(rx(none, '2026-01-02T03:04:05Z')), idOf(rx(none, '2026-01-02T03:04:06Z')));
  }
});

test('what is nearly an event of ChirpStack 3 is none', () => {
  const odd: readonly JsonObject[] = [
    { devEUI: '70b3d57ed000000' },
    { devEUI: 'not base64!!' },
    { devEUI: 'AAAAAAAAAAAA' },
    { devEUI: 7 },
    { applicationID: null },
    { applicationName: 7 },
    { deviceName: null },
  ];
  for (const event of odd)
    assert.equal(readNetworkEvent(chirpStack3Uplink(sent, event)), undefined, JSON.stringify(event));
});

test('what its codec made is left out where it is no JSON of an object', () => {
  for (const objectJSON of ['{', '[]', '7', '', 'null', 7, {}]) {
    const { uplink } = readNetworkEvent(chirpStack3ProtobufUplink(sent, { objectJSON })) ?? {};
    assert.deepEqual([uplink?.payload, uplink?.decoded], ['Af8=', undefined]);
  }
});

test('joins, acknowledgements, locations and other events hold no uplink, nor an id that one could have', () => {
  for (const event of eventsWithoutUplink) {
    assert.ok(readNetworkEvent(event), JSON.stringify(event));
    assert.equal(readNetworkEvent(event)?.uplink, undefined, JSON.stringify(event));
    assert.equal(readEnvelope(Buffer.from(JSON.stringify(event))).messageId, undefined);
  }
});

test('values of other forms are left out, whatever stands there', () => {
  const odd = { f_port: 900, f_cnt: 1.5, frm_payload: 7, decoded_payload: [], received_at: { at: 1 } };
  const { uplink } = readNetworkEvent(theThingsStackUplink(sent, odd)) ?? {};
  assert.deepEqual(
    Object.values(uplink ?? {}).filter((value) => value !== undefined),
    [],
  );
  const strange = chirpStackUplink(sent, { deduplicationId: 'a b', fPort: -1, fCnt: '4', object: null, time: 'now' });
  const { payload, ...others } = readNetworkEvent(strange)?.uplink ?? {};
  assert.deepEqual([payload, Object.values(others).filter((value) => value !== undefined)], ['Af8=', []]);
});

test('names that are no texts name nothing, nor do they break the reading', () => {
  const named = (deviceId: JsonValue, eui: JsonValue): readonly string[] | undefined =>
    readNetworkEvent({ end_device_ids: { device_id: deviceId, dev_eui: eui }, uplink_message: {} })?.deviceNames;
  const odd: readonly JsonValue[] = [null, 7, {}, [], { toString: 1 }, [{ toString: 1 }]];
  for (const eui of odd) assert.deepEqual(named('a', eui), ['a']);
  assert.equal(named({ toString: 1 }, 'b'), undefined);
});

test('what is nested without end breaks no reading of the id', () => {
  const event = JSON.stringify(theThingsStackUplink(sent, { session_key_id: 'deep', f_cnt: 'deep' }));
  const deep = '['.repeat(7_000);
  const twice = event.replace('"deep"', deep + ']'.repeat(7_000));
  assert.match(readEnvelope(Buffer.from(twice)).messageId ?? '', /^lorawan-/);
});

test('JSON of devices is no event', () => {
  const others = [null, [], 1, {}, { end_device_ids: 'x' }, { end_device_ids: {} }, { deviceInfo: { devEui: 7 } }];
  for (const value of [...others, { uplink_message: {} }]) assert.equal(readNetworkEvent(value), undefined);
});

test('what an uplink says of itself counts where the message says nothing, as with any JSON', () => {
  const uplinks = [theThingsStackUplink, chirpStackUplink, chirpStack3Uplink, chirpStack3ProtobufUplink];
  for (const event of uplinks.map((uplink) => uplink(sent))) {
    const { messageId, time: at, seq } = readEnvelope(Buffer.from(JSON.stringify(event)));
    assert.deepEqual([messageId, at, seq], [readNetworkEvent(event)?.uplink?.messageId, time, 42]);
  }
});

test('base64 is read with and without its padding, and nothing else is', () => {
  for (const text of ['Af8=', 'Af8']) assert.deepEqual(payloadOf(text), sent);
  for (const text of ['Af8!', 'Af-_', ' Af8=', 'A', '\u0000']) assert.equal(payloadOf(text), undefined, text);
});
