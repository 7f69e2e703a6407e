import { isDeepStrictEqual } from 'node:util';
import { deviceIdPattern, isDeviceId } from '../access/device-topics.ts';
import type { Claim } from '../devices/claim-keys.ts';
import type { Device, DevicePatch, ImportedDevice, ImportOutcome, NewDevice } from '../devices/device.ts';
import {
  childTypesMax,
  type DeviceType,
  type EventTypeSettings,
  eventTypePattern,
  eventTypeSettingsMax,
  type Rate,
  type RateLimits,
  type RetentionOfType,
  rateMax,
  rateMin,
  retentionMsMin,
} from '../devices/device-type.ts';
import type { Store } from '../devices/store.ts';
import { SluiceError } from '../errors.ts';
import type { JsonObject } from '../std/json.ts';
import type { DeviceLimits } from './device-limits.ts';
import { SchemaChecker } from './driver-host/schemas.ts';
import type { FirmwareUpdates } from './firmware-updates.ts';
import type { RegistryCache } from './registry-cache.ts';

type RegistryStore = Pick<Store, 'registry' | 'claimKeys'>;

/** Changes to the registry, in effect for the next message when their promise resolves. */
export class RegistryWrites {
  readonly #store: RegistryStore;
  #turn: Promise<unknown> = Promise.resolve();
  readonly #devices: RegistryCache;
  readonly #firmware: FirmwareUpdates;
  readonly #told: Pick<DeviceLimits, 'typeChanged' | 'deviceChanged'>;

  constructor(
    store: RegistryStore,
    devices: RegistryCache,
    firmware: FirmwareUpdates,
    told: Pick<DeviceLimits, 'typeChanged' | 'deviceChanged'>,
  ) {
    this.#store = store;
    this.#devices = devices;
    this.#firmware = firmware;
    this.#told = told;
  }

  async putDeviceType(type: DeviceType): Promise<DeviceType> {
    checkDeviceType(type);
    return this.#inTurn(() => this.#putType(type));
  }

  /** Rejects with `not_found` where there is no such type. */
  putSchema(name: string, eventType: string, schema: JsonObject | undefined): Promise<DeviceType> {
    return this.#inTurn(async () => {
      const type = this.#devices.type(name);
      if (type === undefined) throw new SluiceError('not_found', `Make device type "${name}" first: there is none`);
      const { [eventType]: _, ...others } = type.schemas;
      const changed = { ...type, schemas: schema === undefined ? others : { ...others, [eventType]: schema } };
      checkDeviceType(changed);
      return this.#putType(changed);
    });
  }

  removeDeviceType(name: string): Promise<boolean> {
    return this.#inTurn(async () => {
      const removed = await this.#store.registry.removeDeviceType(name);
      this.#devices.forgetType(name);
      return removed;
    });
  }

  async #putType(type: DeviceType): Promise<DeviceType> {
    const before = this.#devices.type(type.name);
    const stored = await this.#store.registry.putDeviceType(type);
    this.#devices.putType(stored);
    this.#told.typeChanged(stored, before);
    return stored;
  }

  /** Changes that are made from what was there before come one after the other. */
  #inTurn<T>(change: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(change, change);
    this.#turn = turn;
    return turn;
  }

  /**
   * Rejects with `invalid_argument` for the id, with `not_found` where the type does not exist, and with `conflict` where only a
   * new device is wanted and this one is there.
   */
  async putDevice(device: NewDevice, onlyNew = false): Promise<Device> {
    checkId(device.id);
    return onlyNew ? this.#inTurn(() => this.#putNew(device)) : this.#putDevice(device);
  }

  async #putNew(device: NewDevice): Promise<Device> {
    const there = await this.#store.registry.device(device.id);
    if (there !== undefined) throw isThere(there);
    return this.#firmware.exclusive(device.id, async () => {
      const stored = await this.#store.registry.addDevice(device);
      this.#changed(stored);
      // It may have come to be meanwhile, by a gateway or without this wish: then it stays as it is.
      if (!isAsWanted(stored, device)) throw isThere(stored);
      return stored;
    });
  }

  #putDevice(device: NewDevice): Promise<Device> {
    return this.#firmware.exclusive(device.id, async () => {
      const stored = await this.#store.registry.putDevice(device);
      this.#changed(stored);
      return stored;
    });
  }

  /** A gateway registers a device behind itself. Answers the one that is there then, which may be another's. */
  async addDevice(device: NewDevice): Promise<Device> {
    checkId(device.id);
    const stored = await this.#store.registry.addDevice(device);
    this.#devices.put(stored);
    return stored;
  }

  patchDevice(id: string, patch: DevicePatch): Promise<Device> {
    return this.#firmware.exclusive(id, async () => {
      const stored = await this.#store.registry.patchDevice(id, patch);
      this.#changed(stored);
      return stored;
    });
  }

  /** Many at once: one result each. */
  putDevices(rows: readonly ImportedDevice[]): Promise<readonly ImportOutcome[]> {
    for (const { device } of rows) checkId(device.id);
    const write = async (): Promise<readonly ImportOutcome[]> => {
      const outcomes = await this.#store.registry.putDevices(rows);
      for (const { device } of rows) this.#devices.forget(device.id);
      for (const [at, { device }] of rows.entries())
        if (outcomes[at].outcome === 'changed') this.#told.deviceChanged(device.id);
      return outcomes;
    };
    return rows.reduce(
      (inner, { device }) =>
        () =>
          this.#firmware.exclusive(device.id, inner),
      write,
    )();
  }

  /** A device registers itself by a claim key. */
  async claim(claim: Claim): Promise<Device> {
    checkId(claim.deviceId);
    const device = await this.#store.claimKeys.claim(claim);
    this.#devices.put(device);
    return device;
  }

  #changed(device: Device): void {
    const before = this.#devices.peek(device.id)?.type.name;
    this.#devices.put(device);
    if (before !== device.type) this.#told.deviceChanged(device.id);
  }

  removeDevice(id: string): Promise<boolean> {
    return this.#firmware.exclusive(id, async () => {
      const removed = await this.#store.registry.removeDevice(id);
      this.#devices.removed(id);
      return removed;
    });
  }
}

function checkId(id: string): void {
  if (isDeviceId(id)) return;
  throw invalid(
    `Choose another device id than ${JSON.stringify(id)}: an id matches ${deviceIdPattern} and is not "me", which stands for the caller`,
  );
}

/** Text of the schemas of one device type, in characters: they are compiled in this thread. */
const schemasTextMax = 262_144;

function checkDeviceType(type: DeviceType): void {
  const { name } = type;
  const refuse = (what: string, met: unknown): never => {
    throw invalid(`Cannot put device type "${name}": ${what}, met ${JSON.stringify(met)}`);
  };
  if (!new RegExp(deviceIdPattern).test(name)) refuse(`a name matches ${deviceIdPattern}`, name);
  checkWay(type, '', refuse);
  if (!isIntegerWithin(type.futureTimeMsMax, 0)) refuse(`futureTimeMsMax is ${milliseconds}`, type.futureTimeMsMax);
  if (type.pastTimeMsMax !== undefined && !isIntegerWithin(type.pastTimeMsMax, 0))
    refuse(`pastTimeMsMax is ${milliseconds}`, type.pastTimeMsMax);
  if (type.timePolicy !== 'refuse' && type.timePolicy !== 'clamp')
    refuse('timePolicy is "refuse" or "clamp"', type.timePolicy);
  if (type.readings !== 'decoded' && type.readings !== 'normalized')
    refuse('readings is "decoded" or "normalized"', type.readings);
  if (type.fPort !== undefined && !isIntegerWithin(type.fPort, 0, 255))
    refuse('fPort is an integer from 0 to 255', type.fPort);
  checkRates(type.rates, refuse);
  checkRetention(type.retention, refuse);
  checkEventTypes(type.eventTypes, refuse);
  checkChildTypes(type.childTypes, refuse);
  checkSchemas(name, type.schemas);
}

type Refuse = (what: string, met: unknown) => never;

const milliseconds = 'a whole number of milliseconds from 0';

function checkWay({ mode, schemaPolicy, bytesMax }: EventTypeSettings, of: string, refuse: Refuse): void {
  if (mode !== undefined && !['inline', 'queued', 'auto'].includes(mode))
    refuse(`${of}mode is "inline", "queued" or "auto"`, mode);
  if (schemaPolicy !== undefined && !['enforce', 'warn', 'off'].includes(schemaPolicy))
    refuse(`${of}schemaPolicy is "enforce", "warn" or "off"`, schemaPolicy);
  if (bytesMax !== undefined && !isIntegerWithin(bytesMax, 1)) refuse(`${of}bytesMax is an integer from 1`, bytesMax);
}

function checkRates(rates: RateLimits, refuse: Refuse): void {
  for (const [whose, rate] of Object.entries(rates)) {
    for (const [name, perSecond] of Object.entries(rate as Rate)) {
      if (perSecond === undefined || (perSecond >= rateMin && perSecond <= rateMax)) continue;
      refuse(`rates.${whose}.${name} is a number from ${rateMin} to ${rateMax}`, perSecond);
    }
  }
}

function checkRetention({ raw: _, ...ages }: RetentionOfType, refuse: Refuse): void {
  for (const [name, ms] of Object.entries(ages)) {
    if (ms === undefined || isIntegerWithin(ms, retentionMsMin)) continue;
    refuse(`retention.${name} is a whole number of milliseconds from ${retentionMsMin}`, ms);
  }
}

function checkEventTypes(eventTypes: DeviceType['eventTypes'], refuse: Refuse): void {
  const entries = Object.entries(eventTypes);
  if (entries.length > eventTypeSettingsMax)
    refuse(`eventTypes has at most ${eventTypeSettingsMax} entries`, entries.length);
  for (const [pattern, settings] of entries) {
    if (!new RegExp(eventTypePattern).test(pattern))
      refuse('eventTypes has names of event types, or families of them such as "alarm.*"', pattern);
    checkWay(settings, `eventTypes.${pattern}.`, refuse);
  }
}

function checkChildTypes(childTypes: DeviceType['childTypes'], refuse: Refuse): void {
  if (childTypes.length > childTypesMax) refuse(`childTypes has at most ${childTypesMax} names`, childTypes.length);
  for (const name of childTypes)
    if (!new RegExp(deviceIdPattern).test(name)) refuse('childTypes has names of device types', name);
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

function isIntegerWithin(value: number, min: number, max = Number.MAX_SAFE_INTEGER): boolean {
  return Number.isSafeInteger(value) && value >= min && value <= max;
}

function invalid(message: string): SluiceError {
  return new SluiceError('invalid_argument', message);
}

function isAsWanted(stored: Device, wanted: NewDevice): boolean {
  const fields = ['type', 'firmwareVersion', 'attributes', 'retired', 'gateway'] as const;
  return fields.every((field) => isDeepStrictEqual(stored[field], wanted[field]));
}

function isThere({ id, type }: Device): SluiceError {
  return new SluiceError('conflict', `Update device "${id}" instead: it is registered already, of type "${type}"`);
}
