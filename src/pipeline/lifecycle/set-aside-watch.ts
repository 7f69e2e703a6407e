import type { Clock, Timer } from '../../std/clock.ts';
import type { Part } from '../../std/lifecycle.ts';
import type { Log } from '../../std/log.ts';
import type { SetAside } from '../driver-shelf.ts';

export interface SetAsideWatchParts {
  /** The drivers that are set aside now. */
  readonly setAside: () => readonly SetAside[];
  /** Says something on a topic, to whoever listens; asks for the payload only where somebody does. */
  readonly say: (topic: string, payload: () => Buffer) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Raises an alert for a driver version that is set aside, on `$events/driver/<id>/alert-raised`, again where it is for more device
 * types, and clears it when it is given messages of all of them. The host and the workers set aside and know nothing of it.
 */
export class SetAsideWatch implements Part {
  readonly name = 'set-aside watch';
  readonly #parts: SetAsideWatchParts;
  #raised: ReadonlyMap<string, SetAside> = new Map();
  #timer: Timer | undefined;

  constructor(parts: SetAsideWatchParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#timer = this.#parts.clock.after(setAsideWatchMs, () => {
      this.#look();
      this.start();
    });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #look(): void {
    const now = this.#parts.setAside();
    if (now.length === 0 && this.#raised.size === 0) return;
    const found = new Map(now.map((each) => [`${each.driver.id} ${each.driver.version}`, each]));
    for (const [name, each] of found) {
      const before = this.#raised.get(name)?.deviceTypes ?? [];
      if (each.deviceTypes.some((deviceType) => !before.includes(deviceType))) this.#say('alert-raised', each);
    }
    for (const [name, each] of this.#raised) {
      if (found.has(name)) continue;
      this.#say('alert-cleared', { ...each, deviceTypes: [], workers: [] });
      this.#parts.log.info('A driver that was set aside is given messages again', { ...each.driver });
    }
    this.#raised = found;
  }

  #say(event: DriverEventKind, { driver: { id, version }, deviceTypes, workers }: SetAside): void {
    const at = this.#parts.clock.now();
    const body = { driver: id, version, event, at, alert: 'set-aside', deviceTypes, workers };
    this.#parts.say(`$events/driver/${id}/${event}`, () => Buffer.from(JSON.stringify(body)));
  }
}

type DriverEventKind = 'alert-raised' | 'alert-cleared';

/** One row an event, for the reference: what it means, and what its payload has beside `driver`, `version`, `event` and `at`. */
export const driverEventRows: Readonly<Record<DriverEventKind, readonly [meaning: string, detail: string]>> = {
  'alert-raised': [
    'The driver hung or broke down again and again, and is set aside for these device types; again where there are more',
    '`alert` (`set-aside`), `deviceTypes`, `workers` (those that did so; empty where the server did)',
  ],
  'alert-cleared': ['It is given messages of all device types again', '`alert`'],
};

/** As often as queues are looked at. */
export const setAsideWatchMs = 5_000;
