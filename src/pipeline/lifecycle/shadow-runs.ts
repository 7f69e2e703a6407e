import { isDeepStrictEqual } from 'node:util';
import type { Reading } from '../../devices/store.ts';
import type { Log } from '../../std/log.ts';
import type { DriverHost, DriverMatch, DriverRef } from '../driver.ts';
import { decode } from '../steps/decode.ts';
import type { StepContext } from '../steps/step.ts';
import { Work } from '../work.ts';

/** What a shadow made of the messages that the driver in use decoded too. */
export interface ShadowComparison {
  readonly same: number;
  readonly different: number;
  /** Messages that only the shadow cannot read, and those that only the shadow can. */
  readonly failed: number;
  readonly mended: number;
  /** Messages that were not tried, since too many waited or the shadow could not be run. */
  readonly dropped: number;
  /** The first that were not the same. */
  readonly samples: readonly ShadowSample[];
}

export interface ShadowSample {
  readonly deviceId: string;
  readonly messageId: string;
  /** Readings as JSON, or what was wrong; cut after so many characters. */
  readonly inUse: string;
  readonly shadow: string;
}

/** Messages that wait to be tried, and their payload; what comes above either is dropped and counted. */
const waitingMessagesMax = 1_000;
const waitingBytesMax = 16 * 1024 * 1024;
const batchMessagesMax = 100;
const samplesMax = 20;
const sampleCharactersMax = 1_000;

export interface ShadowRunsParts {
  /** Makes a host for shadows alone, so that one that loops or hoards memory takes nothing from the drivers in use. */
  readonly makeHost: () => DriverHost;
  readonly scriptOf: (ref: DriverRef) => (DriverRef & DriverMatch & { readonly script: string }) | undefined;
  readonly context: Omit<StepContext, 'drivers' | 'decoded' | 'firmwareSeen'>;
  readonly log: Log;
}

/** Runs drivers beside those in use, after them, and compares. Nothing waits for it, and nothing of it is stored or published. */
export class ShadowRuns {
  readonly #parts: ShadowRunsParts;
  #host: Promise<DriverHost> | undefined;
  /** Scripts that the host has, as they were in the catalogue: each is one of the bounded number there. */
  readonly #loaded = new Map<string, object>();
  /** The host once it runs. */
  #started: DriverHost | undefined;
  readonly #comparisons = new Map<string, Comparison>();
  #waiting: Run[] = [];
  #waitingBytes = 0;
  #running: Promise<void> | undefined;
  #stopped = false;

  constructor(parts: ShadowRunsParts) {
    this.#parts = parts;
  }

  comparisonOf(ref: DriverRef): ShadowComparison | undefined {
    return this.#comparisons.get(nameOf(ref));
  }

  forget(ref: DriverRef): void {
    this.#comparisons.delete(nameOf(ref));
    this.#unload(ref);
  }

  offer(work: Work, shadow: DriverRef): void {
    const comparison = this.#of(shadow);
    const bytes = work.message.payload.length;
    const isFull = this.#waiting.length >= waitingMessagesMax || this.#waitingBytes + bytes > waitingBytesMax;
    if (isFull || this.#stopped) {
      comparison.dropped++;
      return;
    }
    this.#waitingBytes += bytes;
    this.#waiting.push({
      work: beside(work, shadow),
      shadow,
      comparison,
      readings: work.readings,
      problem: problemOf(work),
    });
    this.#running ??= this.#run();
  }

  /** Resolves when everything that waits was tried. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#drop(this.#take(this.#waiting.length));
    await this.#running;
    await (await this.#host)?.stop();
  }

  async #run(): Promise<void> {
    // Not before the batch that these are from went on its way.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const batch = this.#take(batchMessagesMax);
      try {
        await this.#compare(batch);
      } catch (problem) {
        this.#drop(batch);
        this.#parts.log.warn('Cannot run the shadow of a driver', { driver: nameOf(batch[0].shadow), problem });
      }
    }
    this.#running = undefined;
  }

  async #compare(batch: readonly Run[]): Promise<void> {
    const drivers = await this.#hostWith(new Set(batch.map(({ shadow }) => shadow)));
    const nothing = (): void => undefined;
    const context: StepContext = { ...this.#parts.context, drivers, decoded: nothing, firmwareSeen: nothing };
    await decode.run(
      batch.map(({ work }) => work),
      context,
    );
    for (const run of batch) judge(run);
  }

  async #hostWith(shadows: Iterable<DriverRef>): Promise<DriverHost> {
    this.#host ??= this.#startHost();
    const host = await this.#host;
    for (const shadow of shadows) {
      const script = this.#parts.scriptOf(shadow);
      const loaded = this.#loaded.get(nameOf(shadow));
      if (script === loaded) continue;
      // It went, or another one came in its place.
      if (loaded !== undefined) this.#unload(shadow);
      if (script === undefined) continue;
      await host.add(script);
      this.#loaded.set(nameOf(shadow), script);
    }
    return host;
  }

  #unload(ref: DriverRef): void {
    if (this.#loaded.delete(nameOf(ref))) this.#started?.remove(ref);
  }

  async #startHost(): Promise<DriverHost> {
    const host = this.#parts.makeHost();
    try {
      await host.start();
      this.#started = host;
    } catch (problem) {
      this.#host = undefined;
      throw problem;
    }
    return host;
  }

  #take(count: number): readonly Run[] {
    const taken = this.#waiting.slice(0, count);
    this.#waiting = this.#waiting.slice(count);
    for (const { work } of taken) this.#waitingBytes -= work.message.payload.length;
    return taken;
  }

  #drop(runs: readonly Run[]): void {
    for (const { comparison } of runs) comparison.dropped++;
  }

  #of(ref: DriverRef): Comparison {
    const name = nameOf(ref);
    let comparison = this.#comparisons.get(name);
    if (comparison === undefined) {
      comparison = { same: 0, different: 0, failed: 0, mended: 0, dropped: 0, samples: [] };
      this.#comparisons.set(name, comparison);
    }
    return comparison;
  }
}

type Comparison = { -readonly [K in Exclude<keyof ShadowComparison, 'samples'>]: number } & { samples: ShadowSample[] };

interface Run {
  readonly work: Work;
  readonly shadow: DriverRef;
  readonly comparison: Comparison;
  /** What the driver in use made of it. */
  readonly readings: readonly Reading[];
  readonly problem: string | undefined;
}

/** The same message with the shadow for its driver. */
function beside({ message, address, messageId, said, known, firmwareVersion, schema }: Work, driver: DriverRef): Work {
  return Object.assign(new Work(message, address), { messageId, said, known, firmwareVersion, schema, driver });
}

function judge({ work, comparison, readings, problem }: Run): void {
  const shadowProblem = problemOf(work);
  const what = whatHappened(problem, shadowProblem, readings, work.readings);
  comparison[what]++;
  if (what === 'same' || comparison.samples.length >= samplesMax) return;
  comparison.samples.push({
    deviceId: work.address.deviceId,
    messageId: work.messageId,
    inUse: short(problem, readings),
    shadow: short(shadowProblem, work.readings),
  });
}

function whatHappened(
  problem: string | undefined,
  shadowProblem: string | undefined,
  readings: readonly Reading[],
  shadowReadings: readonly Reading[],
): 'same' | 'different' | 'failed' | 'mended' {
  if (problem !== undefined) return shadowProblem === undefined ? 'mended' : 'same';
  if (shadowProblem !== undefined) return 'failed';
  return isDeepStrictEqual(readings, shadowReadings) ? 'same' : 'different';
}

function problemOf({ verdict }: Work): string | undefined {
  return verdict === undefined || verdict.kind === 'stored' ? undefined : verdict.error.message;
}

function short(problem: string | undefined, readings: readonly Reading[]): string {
  return (problem ?? JSON.stringify(readings)).slice(0, sampleCharactersMax);
}

function nameOf({ id, version }: DriverRef): string {
  return `${id}@${version}`;
}
