import { SluiceError } from '../errors.ts';
import type { Destination, Message, MessageSink, ReceiptWaiter } from '../message.ts';
import { DeviceForms, hasOtherForm } from './device-forms.ts';
import { type DeviceAddress, parseDeviceTopic } from './device-topic.ts';
import type { Door } from './door.ts';
import { GatewayDestination, parseGatewayTopic } from './gateway-destination.ts';
import type { PipelineLimits } from './limits.ts';
import type { RegistryCache } from './registry-cache.ts';

/** The topics of devices as a place that every publish is offered to. */
export class IngestSink implements MessageSink {
  readonly name = 'pipeline';
  readonly #door: Door;
  readonly #forms: DeviceForms;
  readonly #gateways: { door: Door; devices: RegistryCache; limits: PipelineLimits };

  constructor(door: Door, devices: RegistryCache, limits: PipelineLimits) {
    this.#door = door;
    this.#forms = new DeviceForms(door, limits);
    this.#gateways = { door, devices, limits };
  }

  route(topic: string): Destination | undefined {
    const address = parseDeviceTopic(topic);
    if (address === undefined) return this.#gateway(topic);
    if (address instanceof SluiceError) return new WrongTopic(address);
    return new DeviceDestination(this.#door, this.#forms, address);
  }

  #gateway(topic: string): Destination | undefined {
    const gateway = parseGatewayTopic(topic);
    return gateway && new GatewayDestination(this.#gateways, gateway.gatewayId, gateway.eventType);
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
