import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DeviceType } from '../devices/device-type.ts';
import { testDevice, testDeviceType } from '../devices/testing/store-samples.ts';
import type { Message } from '../message.ts';
import { SimulatedClock } from '../std/clock.ts';
import { Door } from './door.ts';
import type { InlineLane } from './inline-lane.ts';
import type { KnownDevice, RegistryCache } from './registry-cache.ts';
import { Ways } from './ways.ts';

test('a message does not overtake those that wait for their device, even when the device is known meanwhile', async () => {
  const lookup = Promise.withResolvers<KnownDevice>();
  const known = knownDevice(testDeviceType({ name: 'sensor', mode: 'queued' }));
  const devices = {
    known: undefined as KnownDevice | undefined,
    peek: () => devices.known,
    lookup: () => lookup.promise,
  };
  const enqueued: string[] = [];
  const queue = {
    admit: ({ payload }: Message) => {
      enqueued.push(payload.toString());
      return true;
    },
  };
  const inline = { reserve: () => true, release: () => undefined };
  const door = new Door({
    devices: devices as unknown as RegistryCache,
    queue,
    inline: inline as unknown as InlineLane,
    auto: { mode: () => assert.fail('nothing is auto') },
    clock: new SimulatedClock(),
    nextMessageId: () => 'id',
    numbers: { came: () => undefined },
    strangers: { saw: () => assert.fail('the device is known') },
  });
  door.open();
  const admit = (text: string): void =>
    door.admit(message(text), { deviceId: 'd', eventType: 'telemetry' }, { receipt: () => undefined }, 0);

  admit('first');
  devices.known = known;
  admit('second');
  assert.deepEqual(enqueued, []);
  lookup.resolve(known);
  await door.idle();
  admit('third');
  assert.deepEqual(enqueued, ['first', 'second', 'third']);
});

function knownDevice(type: DeviceType): KnownDevice {
  return {
    device: { ...testDevice({ id: 'd', type: type.name }), createdAt: 1 },
    type,
    ways: new Ways(type, 0),
    meter: undefined,
  };
}

function message(text: string): Message {
  return {
    topic: 'devices/d',
    payload: Buffer.from(text),
    qos: 1,
    retain: false,
    properties: undefined,
    receivedAt: 1,
    publisher: 'd',
  };
}
