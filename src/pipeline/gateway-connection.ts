import { isDeviceId } from '../access/device-topics.ts';
import type { Device, NewDevice } from '../devices/device.ts';
import { SluiceError, toSluiceError } from '../errors.ts';
import type { Destination, Message, ReceiptWaiter } from '../message.ts';
import type { Log } from '../std/log.ts';
import type { ConnectedDevices } from './connected-devices.ts';
import { deviceIdForm } from './device-topic.ts';
import type { Door } from './door.ts';
import { notBehind, readGatewayObject } from './gateway-message.ts';
import type { GatewayRegistrations } from './gateway-registrations.ts';
import type { PipelineLimits } from './limits.ts';
import type { KnownDevice, RegistryCache } from './registry-cache.ts';
import { deviceRetired } from './steps/identify.ts';

interface Parts {
  readonly door: Door;
  readonly devices: RegistryCache;
  readonly registry: { addDevice(device: NewDevice): Promise<Device> };
  readonly registrations: GatewayRegistrations;
  readonly connected: Pick<ConnectedDevices, 'said'>;
  readonly limits: PipelineLimits;
  readonly log: Log;
}

/**
 * A gateway says that a device behind it is connected, or is not any more, in ThingsBoard's form: `{"device", "type"}`. It counts
 * for the rates of the gateway, and says who is there. A device that nobody knows is registered behind the gateway, where the gateway's type says that it may be; one that is there never
 * changes hands.
 */
export class GatewayConnection implements Destination {
  readonly #parts: Parts;
  readonly #gatewayId: string;
  readonly #kind: 'connect' | 'disconnect';

  constructor(parts: Parts, gatewayId: string, kind: 'connect' | 'disconnect') {
    this.#parts = parts;
    this.#gatewayId = gatewayId;
    this.#kind = kind;
  }

  admit({ payload }: Message, waiter: ReceiptWaiter, tag: number): boolean {
    const { door, limits, registrations } = this.#parts;
    const child = childOf(payload, limits.gatewayBytesMax);
    const bytes = payload.length;
    if (child instanceof SluiceError) waiter.receipt(tag, child);
    else if (door.reserve(bytes, waiter, tag)) {
      this.#known(this.#gatewayId)
        .then((gateway) => gateway && door.inTurn(gateway, bytes, waiter, tag))
        .then(() => registrations.inOrder(this.#gatewayId, child.id, () => this.#settle(child)))
        .finally(() => door.release(bytes))
        .then(
          () => waiter.receipt(tag, undefined),
          (problem) => waiter.receipt(tag, toSluiceError(problem)),
        );
    }
    return true;
  }

  async #settle({ id, type }: Child): Promise<void> {
    const known = await this.#known(id);
    const device = known === null && this.#kind === 'connect' ? await this.#register(id, type) : known?.device;
    if (device?.gateway !== this.#gatewayId) throw notBehind(id, this.#gatewayId);
    if (device.retired) throw deviceRetired(id);
    this.#parts.connected.said(this.#gatewayId, id, this.#kind === 'connect');
  }

  async #known(id: string): Promise<KnownDevice | null> {
    const { devices } = this.#parts;
    return devices.peek(id) ?? devices.lookup(id);
  }

  async #register(id: string, said: string | undefined): Promise<Device | undefined> {
    const { registry, registrations, log } = this.#parts;
    const gateway = await this.#known(this.#gatewayId);
    if (gateway === null || gateway.type.childTypes.length === 0) return undefined;
    const type = childType(gateway, said);
    const about = { firmwareVersion: undefined, attributes: {}, retired: false, gateway: this.#gatewayId };
    const device = await registrations.inTurn(this.#gatewayId, () => registry.addDevice({ ...about, id, type }));
    if (device.gateway === this.#gatewayId)
      log.info('A gateway registered a device', { gateway: this.#gatewayId, device: id, type });
    return device;
  }
}

interface Child {
  readonly id: string;
  readonly type: string | undefined;
}

function childOf(payload: Buffer, bytesMax: number): Child | SluiceError {
  const value = readGatewayObject(payload, bytesMax, 'with "device", and "type" where it is new');
  if (value instanceof SluiceError) return value;
  const { device: id, type } = value;
  if (typeof id !== 'string' || !isDeviceId(id)) {
    return new SluiceError('invalid_argument', `Name the device by its id: ${deviceIdForm}, met ${shown(id)}`);
  }
  if (type === undefined || typeof type === 'string') return { id, type };
  return new SluiceError('invalid_argument', `Give the name of a device type as text: met ${shown(type)}`);
}

function childType({ type: { name, childTypes } }: KnownDevice, said: string | undefined): string {
  if (said === undefined && childTypes.length === 1) return childTypes[0];
  if (said !== undefined && childTypes.includes(said)) return said;
  const allowed = childTypes.map((each) => `"${each}"`).join(', ');
  throw new SluiceError(
    'not_authorized',
    `Register devices of a type among childTypes of device type "${name}": expected ${allowed}, met ${shown(said)}`,
  );
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 200);
}
