import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Driver, DriverExample, UplinkInput, UplinkOutput } from '../driver.ts';
import { readFirmware, ruleFor } from '../driver-host/resolve.ts';
import { devicePayloads, deviceTypeOf } from '../examples/device-payloads.ts';
import { builtInDrivers } from './index.ts';

/** Rows of the data file that the built-in drivers cover. Raise it with each new driver; it never goes down. */
const rowsCovered = 77;

test('every published payload for which there is a driver gives exactly the published reading', (t) => {
  let covered = 0;
  for (const payload of devicePayloads) {
    const driver = driverOf(deviceTypeOf(payload));
    if (driver === undefined) continue;
    assertOutput(driver, payload);
    covered++;
  }
  t.diagnostic(`${covered} of ${devicePayloads.length} published rows covered by built-in drivers`);
  assert.ok(covered >= rowsCovered, `Cover at least ${rowsCovered} rows: met ${covered}`);
});

test('every driver gives its own examples, and has some', () => {
  for (const driver of builtInDrivers) {
    assert.ok(driver.examples.length > 0, `${driver.id} ${driver.version} has no examples`);
    for (const example of driver.examples) assertOutput(driver, example);
  }
});

test('no driver answers a payload that is cut off with a reading of the whole', () => {
  for (const driver of builtInDrivers) {
    for (const example of driver.examples) {
      if (example.output.errors !== undefined) continue;
      for (let length = 0; length < example.bytes.length / 2; length++) {
        const output = run(driver, { ...example, bytes: example.bytes.slice(0, 2 * length) });
        assert.notDeepEqual(
          withoutWarnings(output),
          example.output,
          `${driver.id} "${example.description}" cut to ${length}`,
        );
        if (output.errors === undefined) assertFinite(output.data, `${driver.id} cut to ${length}`);
      }
    }
  }
});

/** The driver of the type with firmware 1, for types whose drivers differ by firmware. */
function driverOf(deviceType: string): Driver | undefined {
  const own = builtInDrivers.filter(({ match }) => match.deviceType === deviceType);
  const rules = own.map((driver) => ({ ...driver.match, id: driver.id, version: driver.version, driver }));
  return ruleFor(rules, readFirmware('1.0.0'))?.driver;
}

function assertOutput(driver: Driver, example: DriverExample): void {
  assert.deepEqual(
    withoutWarnings(run(driver, example)),
    example.output,
    `${driver.id} ${driver.version} "${example.description}"`,
  );
}

function run(driver: Driver, example: DriverExample): UplinkOutput {
  const input: UplinkInput = {
    bytes: Buffer.from(example.bytes, 'hex'),
    fPort: example.fPort,
    recvTime: new Date(0),
    topic: 'devices/d1/telemetry',
    contentType: undefined,
    eventType: 'telemetry',
    device: { id: 'd1', type: driver.match.deviceType, firmwareVersion: undefined, attributes: {} },
  };
  return driver.decodeUplink(input);
}

function withoutWarnings(output: UplinkOutput): object {
  return Object.fromEntries(Object.entries(output).filter(([key]) => key !== 'warnings'));
}

function assertFinite(value: unknown, where: string): void {
  if (typeof value === 'number') assert.ok(Number.isFinite(value), `${where}: met ${value}`);
  if (typeof value === 'object' && value !== null) for (const item of Object.values(value)) assertFinite(item, where);
}
