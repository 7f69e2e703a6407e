import { SluiceError } from '../../errors.ts';
import { type Clock, systemClock } from '../../std/clock.ts';
import type { JsonObject } from '../../std/json.ts';
import type { Log } from '../../std/log.ts';
import type {
  DecodeRequest,
  DecodeResult,
  Driver,
  DriverCall,
  DriverChoices,
  DriverHost,
  DriverRef,
  ListedDriver,
} from '../driver.ts';
import { builtInDrivers } from '../drivers/index.ts';
import { Batch, unavailable, type WorkItem } from './batch.ts';
import { Catalogue, checkScriptDriver, type LoadedDriver, nameOf, type ScriptDriver, scriptsMax } from './catalogue.ts';
import { eventSchemasOf } from './event-schemas.ts';
import { startProcess } from './process-runner.ts';
import { Quarantine, strikesOfBreakdown, strikeWindowMs } from './quarantine.ts';
import { SchemaNumbers } from './schema-numbers.ts';
import { Slots, type SlotsOptions } from './slots.ts';
import { startThread } from './thread-runner.ts';

export interface DriverHostOptions {
  readonly log: Log;
  /** Threads for built-in drivers to begin with, and as many processes for codec scripts once there are scripts; 1 where absent. */
  readonly threads?: number;
  /** Time box of one message in a codec script, in milliseconds. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
  /** URL of a module that exports further trusted `drivers`; they run in threads like those that are built in. */
  readonly driversModule?: string;
}

/** Messages that may wait for their result; more are answered with `unavailable` at once. */
const waitingMax = 20_000;
/** Of a codec script, in UTF-8. */
export const scriptBytesMax = 524_288;
/** How many time boxes a runner may spend on the same messages: a script gets its box again when the machine was busy. */
const hangTimeBoxes = 20;
/** How long until a job is begun, in milliseconds: on a busy machine that takes its time, and no message is to blame. */
const beginMsMax = 5_000;
/** The same for a script that loads, in milliseconds: it has two seconds for each of the forms that it is tried in, and again when the machine was busy. */
const loadMsMax = 6_000;
/** The same where a script has no box: then its runner is replaced, and it gets one. */
const unboxedTimeBoxes = 3;

/** Runs built-in drivers in worker threads and codec scripts in processes of their own. See docs/decisions/0020 and 0021. */
export class WorkerDriverHost implements DriverHost {
  readonly #options: DriverHostOptions;
  readonly #catalogue = new Catalogue();
  readonly #quarantine: Quarantine;
  readonly #timeoutMs: number;
  readonly #threads: Slots;
  readonly #processes: Slots;
  /** Scripts that ran out of time before. */
  readonly #slow = new Set<number>();
  #builtIn: readonly Driver[] = [];
  #scriptsFrom = 0;
  #nextNumber = 0;
  #waiting = 0;

  constructor(options: DriverHostOptions) {
    this.#options = options;
    this.#timeoutMs = options.timeoutMs ?? 100;
    this.#quarantine = new Quarantine(options.clock ?? systemClock);
    this.#threads = new Slots({
      ...this.#slotOptions(),
      name: 'driver thread',
      isLazy: false,
      hangMs: (item) => (item === undefined ? beginMsMax : this.#timeoutMs * hangTimeBoxes),
      start: (events) => startThread(this.#timeoutMs, options.driversModule, events),
    });
    this.#processes = new Slots({
      ...this.#slotOptions(),
      name: 'script process',
      isLazy: true,
      hangMs: (item) => {
        if (item === undefined) return beginMsMax;
        if (item.request === undefined) return loadMsMax;
        return this.#timeoutMs * (item.alone || item.boxed ? hangTimeBoxes : unboxedTimeBoxes);
      },
      start: (events) => startProcess(this.#timeoutMs, this.#scriptsFrom, events),
    });
  }

  async start(): Promise<void> {
    const { driversModule } = this.#options;
    const more: { drivers: readonly Driver[] } =
      driversModule === undefined ? { drivers: [] } : await import(driversModule);
    const drivers = [...builtInDrivers, ...more.drivers];
    this.#builtIn = drivers;
    this.#catalogue.addBuiltIn(drivers, 0);
    this.#scriptsFrom = drivers.length;
    this.#nextNumber = drivers.length;
    await this.setThreads(this.#options.threads ?? 1);
  }

  async stop(): Promise<void> {
    await Promise.all([this.#threads.stop(), this.#processes.stop()]);
  }

  /** Threads that take messages. */
  get threads(): number {
    return this.#threads.count;
  }

  /** Messages that wait for their result. */
  get waiting(): number {
    return this.#waiting;
  }

  /** From now on so many threads, and at most so many processes; what one too many has begun is finished by it. */
  async setThreads(count: number): Promise<void> {
    await Promise.all([this.#threads.resize(count), this.#processes.resize(count)]);
  }

  /** Refuses a script that lacks the function that is wanted of it. */
  async add(driver: ScriptDriver, wanted: DriverCall = 'decodeUplink'): Promise<void> {
    checkScriptDriver(driver);
    if (this.isKnown(driver)) return;
    this.#checkLimits(driver);
    const { rollout, ...script } = driver;
    const loaded: LoadedDriver = { ...script, number: this.#nextNumber++ };
    const result = await this.#load(loaded, wanted);
    if (!result.ok) {
      const code = result.code === 'unavailable' ? 'unavailable' : 'invalid_argument';
      throw new SluiceError(code, `Cannot load driver "${nameOf(driver)}": ${result.reason}`);
    }
    if (!this.isKnown(driver)) this.#catalogue.add(loaded, rollout);
  }

  remove(ref: DriverRef): boolean {
    const driver = this.#catalogue.find(ref);
    if (driver === undefined) return false;
    if (driver.script === undefined) {
      throw new SluiceError('invalid_argument', `Cannot remove driver "${nameOf(ref)}": it is built in`);
    }
    this.#catalogue.remove(driver);
    this.#slow.delete(driver.number);
    this.#quarantine.forget(driver.number);
    return true;
  }

  resolve(deviceType: string, firmwareVersion: string | undefined, deviceId: string): DriverRef | undefined {
    return this.#catalogue.resolve(deviceType, firmwareVersion, deviceId);
  }

  get choices(): DriverChoices {
    return this.#catalogue;
  }

  scriptOf(ref: DriverRef): ScriptDriver | undefined {
    const driver = this.#catalogue.find(ref);
    return driver !== undefined && hasScript(driver) ? driver : undefined;
  }

  drivers(): readonly ListedDriver[] {
    return this.#catalogue.all.map((driver) => {
      const { id, version, deviceType, firmware, script, folder } = driver;
      const rollout = this.#catalogue.rolloutOf(driver);
      const setAsideFor = this.#quarantine.heldFor(driver.number);
      return { id, version, deviceType, firmware, builtIn: script === undefined, folder, rollout, setAsideFor };
    });
  }

  eventSchemas(deviceType: string): Readonly<Record<string, JsonObject>> {
    return eventSchemasOf(this.#builtIn, deviceType);
  }

  decode(requests: readonly DecodeRequest[]): Promise<readonly DecodeResult[]> {
    const batch = new Batch(requests.length);
    for (const [position, request] of requests.entries()) {
      const driver = this.#catalogue.find(request.driver);
      if (driver === undefined) batch.settle(position, noDriver(request.driver));
      else {
        const boxed = this.#slow.has(driver.number);
        this.#enqueue({ driver, request, batch, position, alone: false, boxed }, request.device.id);
      }
    }
    this.#pump();
    return batch.done;
  }

  #enqueue(item: WorkItem, key: string): void {
    const { driver, batch, position } = item;
    if (this.#waiting >= waitingMax) {
      batch.settle(position, unavailable(`Not tried: ${waitingMax} messages wait for their drivers already`));
      return;
    }
    const slots = driver.script === undefined ? this.#threads : this.#processes;
    if (slots.push(item, key)) this.#waiting++;
    else batch.settle(position, unavailable('Not tried: the driver host does not run'));
  }

  #pump(): void {
    this.#threads.pump();
    this.#processes.pump();
  }

  async #load(driver: LoadedDriver, wanted: DriverCall): Promise<DecodeResult> {
    const batch = new Batch(1);
    this.#enqueue({ driver, request: undefined, wanted, batch, position: 0, alone: true, boxed: true }, driver.id);
    this.#pump();
    const [result] = await batch.done;
    return result;
  }

  #slotOptions(): Omit<SlotsOptions, 'name' | 'isLazy' | 'hangMs' | 'start'> {
    return {
      schemas: new SchemaNumbers(),
      clock: this.#options.clock ?? systemClock,
      log: this.#options.log,
      settle: (item, result) => {
        this.#waiting--;
        item.batch.settle(item.position, result);
      },
      refuse: (item) => this.#refusal(item),
      strike: (item, tookRunner) => this.#strike(item, tookRunner ? strikesOfBreakdown : 1),
    };
  }

  #strike(item: WorkItem, strikes: number): void {
    const { driver, request } = item;
    if (driver.script !== undefined) this.#slow.add(driver.number);
    if (!this.#quarantine.strike(...troubleOf(item), strikes)) return;
    const fields = { driver: nameOf(driver), deviceType: request?.device.type, reason: trouble };
    this.#options.log.error('A driver is set aside', fields);
  }

  #refusal(item: WorkItem): DecodeResult | undefined {
    const until = this.#quarantine.heldUntil(...troubleOf(item));
    return until === undefined ? undefined : setAside(item, until, (this.#options.clock ?? systemClock).now());
  }

  #checkLimits({ script }: ScriptDriver): void {
    if (Buffer.byteLength(script) > scriptBytesMax) {
      throw new SluiceError('invalid_argument', `Cannot take a codec script above ${scriptBytesMax} bytes`);
    }
    const scripts = this.#catalogue.all.filter((known) => known.script !== undefined).length;
    if (scripts >= scriptsMax) {
      throw new SluiceError('quota_exceeded', `Cannot add a driver: ${scriptsMax} codec scripts are loaded already`);
    }
  }

  /** History names a reading's driver by id and version, so what these stand for never changes. Throws `conflict` where it would. */
  isKnown(driver: ScriptDriver): boolean {
    const known = this.#catalogue.find(driver);
    if (known === undefined) return false;
    const { deviceType, firmware, script } = driver;
    if (known.script === script && known.deviceType === deviceType && known.firmware === firmware) return true;
    throw new SluiceError('conflict', `Give the driver a new version: "${nameOf(driver)}" exists already and differs`);
  }
}

function hasScript(driver: LoadedDriver): driver is LoadedDriver & ScriptDriver {
  return driver.script !== undefined;
}

function noDriver(ref: DriverRef): DecodeResult {
  return { ok: false, stage: 'decode', code: 'no_driver', reason: `No driver "${nameOf(ref)}" is loaded` };
}

const trouble = `it hung or broke down again and again within ${strikeWindowMs / 1000} s`;

function setAside({ driver, request }: WorkItem, until: number, now: number): DecodeResult {
  const reason =
    `Send the message again after ${new Date(until).toISOString()}, and mend driver "${nameOf(driver)}": ` +
    `it is set aside for device type "${request?.device.type}" until then, since ${trouble}`;
  const retryAfterSeconds = Math.ceil((until - now) / 1000);
  return { ok: false, stage: 'decode', code: 'driver_set_aside', reason, retryAfterSeconds };
}

/** What is set aside together: a driver with the device type that it has trouble with. */
function troubleOf({ driver, request }: WorkItem): [driver: number, deviceType: string] {
  return [driver.number, request?.device.type ?? ''];
}
