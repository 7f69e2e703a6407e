import { deviceIdPattern, isDeviceId } from '../access/device-topics.ts';
import type { Device, DeviceType, NewDevice, Registry } from '../devices/store.ts';
import { SluiceError } from '../errors.ts';
import { SchemaChecker } from './driver-host/schemas.ts';
import type { FirmwareUpdates } from './firmware-updates.ts';
import type { RegistryCache } from './registry-cache.ts';

/** Changes to the registry, in effect for the next message when their promise resolves. */
export class RegistryWrites {
  readonly #registry: Registry;
  readonly #devices: RegistryCache;
  readonly #firmware: FirmwareUpdates;

  constructor(registry: Registry, devices: RegistryCache, firmware: FirmwareUpdates) {
    this.#registry = registry;
    this.#devices = devices;
    this.#firmware = firmware;
  }

  async putDeviceType(type: DeviceType): Promise<void> {
    checkDeviceType(type);
    await this.#registry.putDeviceType(type);
    this.#devices.putType(type);
  }

  /** Rejects with `invalid_argument` for the id, with `not_found` where the type does not exist. */
  async putDevice(device: NewDevice): Promise<Device> {
    if (!isDeviceId(device.id)) {
      throw invalid(`Cannot register device "${device.id}": an id matches ${deviceIdPattern} and is not "me"`);
    }
    return this.#firmware.exclusive(device.id, async () => {
      const stored = await this.#registry.putDevice(device);
      this.#devices.put(stored);
      return stored;
    });
  }

  removeDevice(id: string): Promise<boolean> {
    return this.#firmware.exclusive(id, async () => {
      const removed = await this.#registry.removeDevice(id);
      this.#devices.forget(id);
      return removed;
    });
  }
}

/** Text of the schemas of one device type, in characters: they are compiled in this thread. */
const schemasTextMax = 262_144;

function checkDeviceType({ name, mode, schemaPolicy, schemas, futureTimeMsMax, fPort }: DeviceType): void {
  const refuse = (what: string, met: unknown): never => {
    throw invalid(`Cannot put device type "${name}": ${what}, met "${met}"`);
  };
  if (!new RegExp(deviceIdPattern).test(name)) refuse(`a name matches ${deviceIdPattern}`, name);
  if (mode !== 'inline' && mode !== 'queued') refuse('mode is "inline" or "queued"', mode);
  if (!['enforce', 'warn', 'off'].includes(schemaPolicy)) {
    refuse('schemaPolicy is "enforce", "warn" or "off"', schemaPolicy);
  }
  if (!isIntegerWithin(futureTimeMsMax, Number.MAX_SAFE_INTEGER)) {
    refuse('futureTimeMsMax is a number of milliseconds from 0', futureTimeMsMax);
  }
  if (fPort !== undefined && !isIntegerWithin(fPort, 255)) refuse('fPort is an integer from 0 to 255', fPort);
  checkSchemas(name, schemas);
}

function checkSchemas(name: string, schemas: DeviceType['schemas']): void {
  if (JSON.stringify(schemas).length > schemasTextMax) {
    throw invalid(`Cannot put device type "${name}": its schemas have more than ${schemasTextMax} characters`);
  }
  const checker = new SchemaChecker();
  for (const [eventType, schema] of Object.entries(schemas)) {
    const problem = checker.problemOfSchema(schema);
    if (problem !== undefined)
      throw invalid(`Cannot use the schema of "${eventType}" for device type "${name}": ${problem}`);
  }
}

function isIntegerWithin(value: number, max: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= max;
}

function invalid(message: string): SluiceError {
  return new SluiceError('invalid_argument', message);
}
