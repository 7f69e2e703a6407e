import type { PresenceChange, PresenceStore, StoredPresence } from '../devices/presence.ts';
import type { Clock, Timer } from '../std/clock.ts';
import type { Log } from '../std/log.ts';
import type { EventPort } from './events.ts';
import type { PipelineLimits } from './limits.ts';

interface Parts {
  readonly presence: PresenceStore;
  readonly events: EventPort | undefined;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: PipelineLimits;
}

/**
 * Duty: writes which devices came and went, and tells whoever listens to `events/{deviceType}/{id}/presence` once it is
 * written. What changes in one turn, or while the last write is not long ago, is one write; who is as before by then has
 * no part in it, so that being taken over or coming and going all the time costs a device one row an interval at most.
 */
export class PresenceUpdates {
  readonly name = 'presence';
  readonly #parts: Parts;
  /** Devices that are otherwise than they are written; no more than may be connected, and those that went since. */
  #pending = new Map<string, PresenceChange>();
  #restsUntil = 0;
  #timer: Timer | undefined;
  #writing: Promise<void> | undefined;
  #stopped = false;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Whoever was connected when the process was killed is not any more. To be awaited before anybody can connect. */
  async start(): Promise<void> {
    const { presence, clock, limits } = this.#parts;
    for (;;) {
      const at = clock.now();
      const gone = await presence.turnOffline(at, limits.presenceRowsMax);
      for (const one of gone) this.#tell({ ...one, at });
      if (gone.length < limits.presenceRowsMax) return;
    }
  }

  /** Writes what is not written yet. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#writing;
    // What fails here is set right by the next start.
    await this.#write();
  }

  /** The first connection of a device came, or its last one went. */
  changed(deviceId: string, online: boolean): void {
    this.#set({ deviceId, online, at: this.#parts.clock.now() });
    this.#schedule();
  }

  #set(change: PresenceChange): void {
    const { deviceId, online } = change;
    const pending = this.#pending.get(deviceId);
    if (pending === undefined) this.#pending.set(deviceId, change);
    else if (pending.online !== online) this.#pending.delete(deviceId);
  }

  #schedule(): void {
    if (this.#stopped || this.#timer !== undefined || this.#writing !== undefined || this.#pending.size === 0) return;
    const { clock } = this.#parts;
    this.#timer = clock.after(Math.max(0, this.#restsUntil - clock.now()), () => {
      this.#timer = undefined;
      this.#writing = this.#write().finally(() => {
        this.#writing = undefined;
        this.#schedule();
      });
    });
  }

  async #write(): Promise<void> {
    const { clock, limits } = this.#parts;
    const changes = [...this.#pending.values()];
    this.#pending = new Map();
    this.#restsUntil = clock.now() + limits.presenceIntervalMsMin;
    for (let from = 0; from < changes.length; from += limits.presenceRowsMax)
      await this.#writeSome(changes.slice(from, from + limits.presenceRowsMax));
  }

  async #writeSome(changes: readonly PresenceChange[]): Promise<void> {
    let written: readonly (PresenceChange & StoredPresence)[] = [];
    try {
      written = await this.#parts.presence.put(changes);
    } catch (problem) {
      this.#parts.log.warn('Cannot write which devices came and went; trying again', {
        devices: changes.length,
        problem,
      });
      for (const change of changes) this.#restore(change);
    }
    for (const stored of written) this.#tell(stored);
  }

  /** What was not written is still to be, unless the device is as it was written by now. */
  #restore(change: PresenceChange): void {
    const later = this.#pending.get(change.deviceId);
    if (later === undefined) this.#pending.set(change.deviceId, change);
    else this.#pending.delete(change.deviceId);
  }

  #tell(stored: PresenceChange & StoredPresence): void {
    try {
      this.#publish(stored);
    } catch (problem) {
      this.#parts.log.warn('Cannot tell that a device came or went', { device: stored.deviceId, problem });
    }
  }

  #publish({ deviceId, deviceType, online, at }: PresenceChange & StoredPresence): void {
    const { events } = this.#parts;
    const topic = `events/${deviceType}/${deviceId}/presence`;
    if (events?.hears(topic) !== true) return;
    const event = { deviceId, deviceType, eventType: 'presence', time: at, data: { online } };
    events.publish({
      topic,
      payload: Buffer.from(JSON.stringify(event)),
      qos: 1,
      retain: false,
      properties: { contentType: 'application/json', payloadFormatIndicator: 1 },
      receivedAt: at,
      publisher: 'pipeline',
    });
  }
}
