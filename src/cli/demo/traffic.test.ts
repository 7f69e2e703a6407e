import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runInNewContext } from 'node:vm';
import { faultyLht65, mendedLht65, oyster9 } from './codecs.ts';
import { fleet, fleetTypes } from './fleet.ts';
import { measures, publishedUplinks } from './payloads.ts';
import { trafficOf } from './traffic.ts';

const plan = { seed: 7, messagesPerDevice: 120, until: 1_700_000_000_000 };
const all = fleet.map((device) => ({ device, shipments: trafficOf(device, plan) }));

const decode = (script: string, bytes: Buffer, fPort?: number) => {
  const answer = runInNewContext(`${script}; JSON.stringify(decodeUplink(input))`, {
    input: { bytes: [...bytes], fPort },
  });
  return JSON.parse(answer);
};

test('one seed gives the same traffic, another seed another', () => {
  assert.deepEqual(trafficOf(fleet[0], plan), all[0].shipments);
  assert.notDeepEqual(trafficOf(fleet[0], { ...plan, seed: 8 }), all[0].shipments);
});

test('the fleet has at least six real types, over all three doors, one of them inline', () => {
  assert.ok(fleetTypes.filter((type) => publishedUplinks(type.name).length > 0).length >= 6);
  assert.deepEqual(new Set(fleet.map((device) => device.door)), new Set(['mqtt-3.1.1', 'mqtt-5', 'http']));
  assert.ok(fleetTypes.some((type) => type.mode === 'inline'));
});

test('a message id belongs to one message: only a duplicate repeats it, word for word', () => {
  for (const { shipments } of all) {
    const known = new Map<string, (typeof shipments)[number]>();
    for (const shipment of shipments) {
      if (shipment.messageId === undefined) continue;
      const before = known.get(shipment.messageId);
      assert.equal(before !== undefined, shipment.kind === 'duplicate', shipment.messageId);
      if (before !== undefined) assert.deepEqual({ ...shipment, kind: before.kind }, before);
      known.set(shipment.messageId, shipment);
    }
  }
});

test('every kind of message occurs, and only what is damaged has no reading', () => {
  const kinds = new Set(all.flatMap(({ shipments }) => shipments.map((shipment) => shipment.kind)));
  assert.deepEqual(kinds, new Set(['regular', 'duplicate', 'late', 'unreadable']));
  for (const { kind, expected } of all.flatMap(({ shipments }) => shipments)) {
    if (kind !== 'duplicate') assert.equal(expected === undefined, kind === 'unreadable');
  }
});

test('a late message is older than every regular one of its device', () => {
  for (const { shipments } of all) {
    const times = (kind: string) => shipments.filter((each) => each.kind === kind).map((each) => each.time as number);
    const oldest = Math.min(...times('regular'));
    for (const time of times('late')) assert.ok(time < oldest);
  }
});

test('an inline device sends nothing that would be refused', () => {
  const inline = fleet.filter((device) => fleetTypes.find((type) => type.name === device.type)?.mode === 'inline');
  assert.ok(inline.length > 0);
  for (const device of inline) assert.equal(device.damage, undefined);
});

test('the mended codec gives the published reading; the faulty one does so only with a probe', () => {
  const [{ payload, fPort, expected }] = publishedUplinks('dragino-lht65');
  assert.deepEqual(decode(mendedLht65, payload, fPort), { data: expected });
  assert.deepEqual(decode(faultyLht65, payload, fPort), { data: expected });
  const bare = measures.bareClimate(5);
  assert.throws(() => decode(faultyLht65, bare.payload, bare.fPort), { name: 'TypeError' });
  const { data } = decode(mendedLht65, bare.payload, bare.fPort);
  assert.deepEqual({ ...data, ...bare.expected }, data);
});

test('the codec for firmware 9 reads what a device with firmware 9 sends', () => {
  for (let n = 0; n < 300; n++) {
    const { payload, fPort, expected } = measures.positionOfFirmware9(n);
    const { data } = decode(oyster9, payload, fPort);
    assert.deepEqual({ ...data, ...expected }, data);
  }
});
