import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { type Driver, defineDriver } from '../driver.ts';
import { eventSchemasOf } from './event-schemas.ts';

function driver(version: string, deviceType: string, events: Driver['events']): Driver {
  const match = { deviceType, firmware: '*' };
  return defineDriver({ id: 'own', version, match, events, decodeUplink: () => ({ data: {} }), examples: [] });
}

test('schemas of drivers for a device type are told by event type, of several versions any that differ', () => {
  const door = { type: 'object', required: ['open'] };
  const drivers = [
    driver('1.0.0', 'meter', { telemetry: z.object({ v: z.number() }), door }),
    driver('2.0.0', 'meter', { telemetry: { type: 'object', required: ['w'] }, door: { ...door } }),
    driver('1.0.0', 'other', { alarm: {} }),
  ];
  const { telemetry, ...others } = eventSchemasOf(drivers, 'meter');
  assert.deepEqual(others, { door });
  const [fromLibrary, own] = telemetry.anyOf as { required: string[] }[];
  assert.deepEqual([fromLibrary.required, own.required], [['v'], ['w']]);
  assert.deepEqual(eventSchemasOf(drivers, 'nobody'), {});
});
