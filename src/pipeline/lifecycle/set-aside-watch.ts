import type { Clock, Timer } from '../../std/clock.ts';
import type { Part } from '../../std/lifecycle.ts';
import type { Log } from '../../std/log.ts';
import type { DriverRef } from '../driver.ts';
import type { SetAside } from '../driver-shelf.ts';

export interface SetAsideWatchParts {
  /** The drivers that are set aside now. */
  readonly setAside: () => readonly SetAside[];
  /** Every driver that is loaded. */
  readonly drivers: () => readonly DriverRef[];
  /** Whether devices of the type may have it. */
  readonly decodes: (driver: DriverRef, deviceType: string) => boolean;
  /** Says something on a topic, to whoever listens; asks for the payload only where somebody does. */
  readonly say: (topic: string, payload: () => Buffer) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** An alert that is raised, or may be: whoever listened before the server started has heard what nobody here knows of. */
interface Raised {
  readonly driver: DriverRef;
  /** All for which it was set aside since it was raised; none where it was not, since the start. */
  readonly deviceTypes: Set<string>;
  /** When it was set aside last. */
  setAsideAt: number;
}

/**
 * Raises an alert for a driver version that is set aside, on `$events/driver/<id>/alert-raised`, again where it is for more device
 * types. It clears it when the driver has been given messages of all of them for a minute: one that is set aside again as soon as it
 * is tried says so once. Those that a start finds loaded count as raised before. The host and the workers set aside and know
 * nothing of it. See docs/decisions/0139.
 */
export class SetAsideWatch implements Part {
  readonly name = 'set-aside watch';
  readonly #parts: SetAsideWatchParts;
  #raised: Map<string, Raised> | undefined;
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
    const now = this.#parts.clock.now();
    this.#raised ??= this.#atStart(now);
    for (const each of this.#parts.setAside()) this.#raise(this.#raised, each, now);
    if (this.#raised.size > 0) this.#clear(this.#raised, now);
  }

  #atStart(now: number): Map<string, Raised> {
    const drivers = this.#parts.drivers();
    return new Map(drivers.map((driver) => [nameOf(driver), { driver, deviceTypes: new Set(), setAsideAt: now }]));
  }

  #raise(raised: Map<string, Raised>, setAside: SetAside, now: number): void {
    const { driver, deviceTypes, workers } = setAside;
    const known = raised.get(nameOf(driver)) ?? { driver, deviceTypes: new Set(), setAsideAt: now };
    raised.set(nameOf(driver), known);
    known.setAsideAt = now;
    if (deviceTypes.every((deviceType) => known.deviceTypes.has(deviceType))) return;
    for (const deviceType of deviceTypes) known.deviceTypes.add(deviceType);
    this.#say('alert-raised', driver, { deviceTypes, workers });
  }

  #clear(raised: Map<string, Raised>, now: number): void {
    const loaded = new Set(this.#parts.drivers().map(nameOf));
    for (const [name, { driver, deviceTypes, setAsideAt }] of raised) {
      const isGone = !loaded.has(name) || this.#isReplaced(driver, deviceTypes);
      if (!isGone && now - setAsideAt < setAsideClearMs) continue;
      raised.delete(name);
      this.#say('alert-cleared', driver, { because: isGone ? 'gone' : 'served' });
      if (deviceTypes.size === 0) continue;
      const said = isGone
        ? 'A driver that was set aside is not in use any more'
        : 'A driver that was set aside is given messages again';
      this.#parts.log.info(said, { ...driver });
    }
  }

  /** Of one that was not set aside since the start it is not known for which types it was before. */
  #isReplaced(driver: DriverRef, deviceTypes: ReadonlySet<string>): boolean {
    return deviceTypes.size > 0 && ![...deviceTypes].some((deviceType) => this.#parts.decodes(driver, deviceType));
  }

  #say(event: DriverEventKind, { id, version }: DriverRef, detail: object): void {
    const at = this.#parts.clock.now();
    const body = { driver: id, version, event, at, alert: 'set-aside', ...detail };
    this.#parts.say(`$events/driver/${id}/${event}`, () => Buffer.from(JSON.stringify(body)));
  }
}

function nameOf({ id, version }: DriverRef): string {
  return `${id} ${version}`;
}

type DriverEventKind = 'alert-raised' | 'alert-cleared';

/** One row an event, for the reference: what it means, and what its payload has beside `driver`, `version`, `event` and `at`. */
export const driverEventRows: Readonly<Record<DriverEventKind, readonly [meaning: string, detail: string]>> = {
  'alert-raised': [
    'The driver hung or broke down again and again, and is set aside for these device types; again where there are more',
    '`alert` (`set-aside`), `deviceTypes`, `workers` (those that did so; empty where the server did)',
  ],
  'alert-cleared': [
    'It has been given messages of all device types for a minute, or is not in use for them any more (removed, off, a shadow, or behind another one); once for each driver behind a start, since one may have been raised before',
    '`alert`, `because` (`served` or `gone`)',
  ],
};

/** As often as queues are looked at. */
export const setAsideWatchMs = 5_000;
/** As long as a driver that breaks down again and again is set aside at most: it is tried, and may be set aside again. */
export const setAsideClearMs = 60_000;
