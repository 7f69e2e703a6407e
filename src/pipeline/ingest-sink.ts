import { SluiceError } from '../errors.ts';
import type { Destination, Message, MessageSink, ReceiptWaiter } from '../message.ts';
import type { Log } from '../std/log.ts';
import type { ConnectedDevices } from './connected-devices.ts';
import { DeviceForms, hasOtherForm } from './device-forms.ts';
import { type DeviceAddress, defaultEventType, parseDeviceTopic } from './device-topic.ts';
import type { Door } from './door.ts';
import { GatewayConnection } from './gateway-connection.ts';
import { GatewayDestination } from './gateway-destination.ts';
import { parseGatewayTopic } from './gateway-message.ts';
import { GatewayRegistrations } from './gateway-registrations.ts';
import type { PipelineLimits } from './limits.ts';
import type { RegistryCache } from './registry-cache.ts';
import type { RegistryWrites } from './registry-writes.ts';

export interface IngestSinkParts {
  readonly door: Door;
  readonly devices: RegistryCache;
  readonly registry: RegistryWrites;
  readonly connected: ConnectedDevices;
  readonly limits: PipelineLimits;
  readonly log: Log;
}

/** The topics of devices as a place that every publish is offered to. */
export class IngestSink implements MessageSink {
  readonly name = 'pipeline';
  readonly #parts: IngestSinkParts;
  readonly #forms: DeviceForms;
  readonly #registrations: GatewayRegistrations;

  constructor(parts: IngestSinkParts) {
    this.#parts = parts;
    this.#forms = new DeviceForms(parts.door, parts.limits);
    this.#registrations = new GatewayRegistrations(parts.limits.gatewayConnectsMax);
  }

  route(topic: string): Destination | undefined {
    const address = parseDeviceTopic(topic);
    if (address === undefined) return this.#gateway(topic);
    if (address instanceof SluiceError) return new WrongTopic(address);
    return new DeviceDestination(this.#parts.door, this.#forms, address);
  }

  #gateway(topic: string): Destination | undefined {
    const { gatewayId, kind } = parseGatewayTopic(topic) ?? {};
    if (gatewayId === undefined || kind === undefined) return undefined;
    if (kind === 'connect' || kind === 'disconnect') {
      return new GatewayConnection({ ...this.#parts, registrations: this.#registrations }, gatewayId, kind);
    }
    return new GatewayDestination(this.#parts, gatewayId, kind === 'attributes' ? kind : defaultEventType);
  }

  /** A topic leads to the same place for ever; what happens there is looked at for each message. */
  onRoutesChanged(): void {
    return;
  }
}

class DeviceDestination implements Destination {
  readonly #door: Door;
  readonly #forms: DeviceForms;
  readonly #address: DeviceAddress;

  constructor(door: Door, forms: DeviceForms, address: DeviceAddress) {
    this.#door = door;
    this.#forms = forms;
    this.#address = address;
  }

  admit(message: Message, waiter: ReceiptWaiter, tag: number): boolean {
    const way = hasOtherForm(message) ? this.#forms : this.#door;
    way.admit(message, this.#address, waiter, tag);
    return true;
  }
}

/** Refuses, because a message that looks like one of a device must not vanish for a misspelt name. */
class WrongTopic implements Destination {
  readonly #problem: SluiceError;

  constructor(problem: SluiceError) {
    this.#problem = problem;
  }

  admit(_message: Message, waiter: ReceiptWaiter, tag: number): boolean {
    waiter.receipt(tag, this.#problem);
    return true;
  }
}
