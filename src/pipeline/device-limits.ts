import type { DeviceType } from '../devices/device-type.ts';
import type { Registry } from '../devices/store.ts';
import type { Clock } from '../std/clock.ts';
import type { Log } from '../std/log.ts';
import type { EventPort } from './events.ts';
import type { PipelineLimits } from './limits.ts';
import type { RegistryCache } from './registry-cache.ts';

interface Parts {
  readonly devices: RegistryCache;
  readonly registry: Pick<Registry, 'device' | 'devices'>;
  readonly events: EventPort | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: PipelineLimits;
}

/** Devices of a type that are looked at in one go. */
const pageDevices = 1_000;

/** What a device may send, under the names by which an answer names the limit that was met. */
export function limitsOf(type: DeviceType, limits: PipelineLimits): object {
  const { unpackedPayloadBytesMax, structuredEventBytesMax, gatewayBytesMax, gatewayDevicesMax } = limits;
  const eventTypes = Object.entries(type.eventTypes).filter(([, { bytesMax }]) => bytesMax !== undefined);
  return {
    deviceType: type.name,
    rates: type.rates,
    bytesMax: type.bytesMax,
    eventTypes: Object.fromEntries(eventTypes.map(([pattern, { bytesMax }]) => [pattern, { bytesMax }])),
    unpackedPayloadBytesMax,
    structuredEventBytesMax,
    gatewayBytesMax,
    gatewayDevicesMax,
  };
}

/**
 * Tells devices that subscribed to `devices/{id}/limits` what they may send: at once, and when it changes. A change is stored
 * before it is told, so that the end of the process may come between: the next one tells every device that listens.
 */
export class DeviceLimits {
  readonly name = 'device limits';
  readonly #parts: Parts;
  /** Types whose devices are still to be told; no more than there are types. */
  readonly #types = new Set<string>();
  #started = false;
  #toldAll = false;
  #telling: Promise<void> | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** From now on somebody can hear of changes. */
  start(): void {
    this.#started = true;
    if (!this.#toldAll) for (const name of this.#parts.devices.typeNames()) this.#types.add(name);
    this.#toldAll = true;
    this.#go();
  }

  async stop(): Promise<void> {
    this.#started = false;
    await this.#telling;
  }

  /** What a subscription is greeted with; undefined where there is no such device. */
  async of(deviceId: string): Promise<Buffer | undefined> {
    const { devices } = this.#parts;
    const known = devices.peek(deviceId) ?? (await devices.lookup(deviceId));
    return known === null ? undefined : this.#textOf(known.type);
  }

  /** It was `before`, where it was there. Devices are told where that makes a difference to them. */
  typeChanged(type: DeviceType, before: DeviceType | undefined): void {
    if (before === undefined || this.#textOf(before).equals(this.#textOf(type))) return;
    this.#types.add(type.name);
    this.#go();
  }

  /** A device may be of another type now. */
  deviceChanged(deviceId: string): void {
    if (this.#hears(deviceId)) void this.#tellDevice(deviceId);
  }

  async #tellDevice(deviceId: string): Promise<void> {
    try {
      const text = await this.of(deviceId);
      if (text !== undefined) this.#tell(deviceId, text);
    } catch (problem) {
      this.#parts.log.warn('Cannot tell a device of its new limits', { device: deviceId, problem });
    }
  }

  #go(): void {
    if (!this.#started || this.#telling !== undefined) return;
    this.#telling = this.#tellTypes().finally(() => {
      this.#telling = undefined;
    });
  }

  async #tellTypes(): Promise<void> {
    // What changes meanwhile is visited too.
    for (const name of this.#types) {
      this.#types.delete(name);
      try {
        await this.#tellType(name);
      } catch (problem) {
        this.#parts.log.warn('Cannot tell devices of their new limits', { deviceType: name, problem });
      }
    }
  }

  async #tellType(name: string): Promise<void> {
    const { registry, devices } = this.#parts;
    let after: string | undefined = '';
    while (after !== undefined && this.#started) {
      const page = await registry.devices({ type: name, after, limit: pageDevices });
      // As it is by now: it may have changed once more.
      const type = devices.type(name);
      if (type === undefined) return;
      const text = this.#textOf(type);
      for (const { id } of page) this.#tell(id, text);
      after = page.length < pageDevices ? undefined : page.at(-1)?.id;
    }
  }

  #tell(deviceId: string, payload: Buffer): void {
    const { events, clock } = this.#parts;
    if (!this.#hears(deviceId)) return;
    events?.publish({
      topic: topicOf(deviceId),
      payload,
      qos: 1,
      retain: false,
      properties: { contentType: 'application/json', payloadFormatIndicator: 1 },
      receivedAt: clock.now(),
      publisher: 'pipeline',
    });
  }

  #hears(deviceId: string): boolean {
    return this.#parts.events?.hears(topicOf(deviceId)) === true;
  }

  #textOf(type: DeviceType): Buffer {
    return Buffer.from(JSON.stringify(limitsOf(type, this.#parts.limits)));
  }
}

function topicOf(deviceId: string): string {
  return `devices/${deviceId}/limits`;
}
