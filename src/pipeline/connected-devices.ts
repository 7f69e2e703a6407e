import type { Log } from '../std/log.ts';
import type { RegistryCache } from './registry-cache.ts';

interface Parts {
  readonly devices: Pick<RegistryCache, 'lookup'>;
  /** Told when a device comes, by whichever way, and when the last way is gone. */
  readonly tell: (deviceId: string, online: boolean) => void;
  readonly log: Log;
}

/**
 * Which devices are there: those that have a connection, and those that a gateway says are connected to it, for as long as the
 * gateway itself is there. No more of the second kind than gateways that are there have devices behind them.
 */
export class ConnectedDevices {
  readonly #parts: Parts;
  readonly #connected = new Set<string>();
  readonly #gatewayOf = new Map<string, string>();
  readonly #behind = new Map<string, Set<string>>();

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** The first connection of a device came, or its last one went. */
  changed(deviceId: string, online: boolean): void {
    if (online) this.#connected.add(deviceId);
    else this.#connected.delete(deviceId);
    if (!this.#gatewayOf.has(deviceId)) this.#parts.tell(deviceId, online);
    if (!online) for (const child of [...(this.#behind.get(deviceId) ?? [])]) this.#leave(child);
  }

  /** Its gateway says so. What a gateway says that is not there itself would never end, and does not count. */
  said(gatewayId: string, deviceId: string, online: boolean): void {
    if (!online) this.#leave(deviceId);
    else if (this.#connected.has(gatewayId)) this.#enter(gatewayId, deviceId);
  }

  /** The registration of the device changed: a gateway that it is not behind any more does not speak for it. */
  async reexamine(deviceId: string): Promise<void> {
    const gatewayId = this.#gatewayOf.get(deviceId);
    if (gatewayId === undefined) return;
    try {
      const known = await this.#parts.devices.lookup(deviceId);
      if (known?.device.gateway !== gatewayId || known.device.retired) this.#leave(deviceId);
    } catch (problem) {
      this.#parts.log.warn('Cannot look up whether a device is still behind its gateway', {
        device: deviceId,
        problem,
      });
    }
  }

  #enter(gatewayId: string, deviceId: string): void {
    const before = this.#gatewayOf.get(deviceId);
    if (before === gatewayId) return;
    if (before !== undefined) this.#remove(before, deviceId);
    this.#gatewayOf.set(deviceId, gatewayId);
    const behind = this.#behind.get(gatewayId);
    if (behind === undefined) this.#behind.set(gatewayId, new Set([deviceId]));
    else behind.add(deviceId);
    if (before === undefined && !this.#connected.has(deviceId)) this.#parts.tell(deviceId, true);
  }

  #leave(deviceId: string): void {
    const gatewayId = this.#gatewayOf.get(deviceId);
    if (gatewayId === undefined) return;
    this.#gatewayOf.delete(deviceId);
    this.#remove(gatewayId, deviceId);
    if (!this.#connected.has(deviceId)) this.#parts.tell(deviceId, false);
  }

  #remove(gatewayId: string, deviceId: string): void {
    const behind = this.#behind.get(gatewayId);
    behind?.delete(deviceId);
    if (behind?.size === 0) this.#behind.delete(gatewayId);
  }
}
