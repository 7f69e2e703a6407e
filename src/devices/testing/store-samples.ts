import { type DeviceType, deviceTypeWithDefaults } from '../device-type.ts';
import type { NewDevice, ProcessedMessage } from '../store.ts';

/** Samples for tests: whole values of which a test names only what it is about. */
export function testDeviceType(about: Partial<DeviceType> & { name: string }): DeviceType {
  return deviceTypeWithDefaults({ mode: 'inline', futureTimeMsMax: 60_000, ...about });
}

export function testDevice(about: Partial<NewDevice> & { id: string; type: string }): NewDevice {
  return { firmwareVersion: undefined, attributes: {}, retired: false, ...about };
}

export function testMessage(
  about: Partial<ProcessedMessage> & { deviceId: string; messageId: string },
): ProcessedMessage {
  return {
    receivedAt: 2_000,
    processedAt: 3_000,
    driver: 'json',
    driverVersion: '1.0.0',
    raw: Buffer.from('{}'),
    topic: `devices/${about.deviceId}/telemetry`,
    fPort: undefined,
    readings: [],
    warnings: [],
    ...about,
  };
}
