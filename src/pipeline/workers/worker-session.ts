import { randomUUID } from 'node:crypto';
import { SluiceError, toSluiceError } from '../../errors.ts';
import type { Consumer, Consumption, Delivery } from '../../message.ts';
import type { Clock, Timer } from '../../std/clock.ts';
import type { DecodeRequest, DecodeResult, DriverHost, DriverRef } from '../driver.ts';
import { Batch, unavailable } from '../driver-host/batch.ts';
import type { ScriptDriver } from '../driver-host/catalogue.ts';
import type { ResultCheck } from './result-check.ts';
import { BatchWriter, type DriverSetAside, resultFrom, type WorkerReport, workerAbilities } from './wire.ts';
import type { WorkerPace } from './worker-pace.ts';

/** What consumes for a session: takes deliveries, and settles them by what the session's `decode` answers. */
interface Inner extends Consumer {
  readonly size: number;
  open(): void;
  close(): void;
  idle(): Promise<void>;
}

export interface WorkerSessionParts {
  /** Who opened it: nobody else may answer. */
  readonly owner: string;
  /** What the worker calls itself. */
  readonly name: string;
  /** Drivers that the worker has built in, as `id@version`. */
  readonly builtIn: ReadonlySet<string>;
  readonly scriptOf: (ref: DriverRef) => ScriptDriver | undefined;
  readonly check: ResultCheck;
  readonly pace: WorkerPace;
  /** How long a batch may take, in milliseconds: shorter than its leases. */
  readonly answerMsMax: number;
  readonly clock: Clock;
  /** Told once where the worker lacks something. */
  readonly lacking: (abilities: readonly string[]) => void;
  /** Told of what the worker sets aside more than before: texts that name a driver and a device type. */
  readonly setAside: (troubles: readonly string[]) => void;
  /** Told once. */
  readonly ended: (reason: SluiceError) => void;
}

interface OpenBatch {
  readonly batch: Batch;
  readonly requests: readonly DecodeRequest[];
  readonly deadline: Timer;
  /** Epoch milliseconds. */
  readonly begunAt: number;
}

/**
 * One worker process at work: a consumer of the ingest queue whose messages are decoded elsewhere. When it ends, whatever is
 * not settled goes back to the queue at once, uncounted.
 */
export class WorkerSession implements Consumer, Pick<DriverHost, 'decode'> {
  readonly session = randomUUID();
  readonly id: string;
  readonly owner: string;
  readonly #parts: WorkerSessionParts;
  readonly #writer: BatchWriter;
  readonly #batches = new Map<number, OpenBatch>();
  readonly since: number;
  /** Messages that the worker has answered. */
  answered = 0;
  /** What this server wants of a worker that this one cannot do, as far as that is known: an older one does not say what it can. */
  lacks: readonly string[] = [];
  /** Drivers that the worker has set aside. */
  setAside: readonly DriverSetAside[] = [];
  #isKnown = false;
  #nextBatch = 1;
  #lines: string[] = [];
  #listener: (() => void) | undefined;
  #inner: Inner | undefined;
  #consumption: Consumption | undefined;
  #reason: SluiceError | undefined;
  #isLeaving = false;

  constructor(parts: WorkerSessionParts) {
    this.id = `worker:${parts.name}:${this.session.slice(0, 8)}`;
    this.owner = parts.owner;
    this.since = parts.clock.now();
    this.#parts = parts;
    this.#writer = new BatchWriter(parts.scriptOf);
  }

  /** Why it ended; undefined while it goes on. */
  get reason(): SluiceError | undefined {
    return this.#reason;
  }

  /** Deliveries in work. */
  get inWork(): number {
    return this.#inner?.size ?? 0;
  }

  begin(inner: Inner): void {
    this.#inner = inner;
    inner.open();
  }

  /** What to give back when the session ends. It may have ended while this was made. */
  attach(consumption: Consumption): void {
    this.#consumption = consumption;
    if (this.#reason !== undefined) consumption.stop();
  }

  /** Messages that it may hold. */
  get credit(): number {
    return this.#isLeaving ? 0 : this.#parts.pace.credit;
  }

  /** So many workers are there. */
  share(workers: number): void {
    this.#parts.pace.share(workers);
    this.#consumption?.setCredit(this.credit);
  }

  deliver(delivery: Delivery): void {
    this.#inner?.deliver(delivery);
  }

  ended(reason: SluiceError): void {
    this.#inner?.ended(reason);
    this.end(reason);
  }

  decode(requests: readonly DecodeRequest[]): Promise<readonly DecodeResult[]> {
    const strange = requests.find(({ driver }) => !this.#has(driver));
    if (strange !== undefined) this.end(lacksDriver(strange.driver));
    if (this.#reason !== undefined)
      return Promise.resolve(requests.map(() => unavailable('Not tried: its worker left')));
    const number = this.#nextBatch++;
    const batch = new Batch(requests.length);
    const deadline = this.#parts.clock.after(this.#parts.answerMsMax, () => this.end(tooSlow(this.#parts.answerMsMax)));
    this.#batches.set(number, { batch, requests, deadline, begunAt: this.#parts.clock.now() });
    this.#say(this.#writer.write(number, requests));
    return batch.done;
  }

  /** What the worker says of itself; the last word counts. */
  report({ abilities, setAside }: WorkerReport): void {
    this.#learn(abilities);
    const before = new Set(this.setAside.flatMap(troublesOf));
    const more = [...new Set(setAside.flatMap(troublesOf))].filter((trouble) => !before.has(trouble));
    if (more.length > 0) this.#parts.setAside(more);
    this.setAside = setAside;
  }

  #learn(abilities: readonly string[]): void {
    if (this.#isKnown) return;
    this.#isKnown = true;
    this.lacks = workerAbilities.filter((ability) => !abilities.includes(ability));
    if (this.lacks.length > 0) this.#parts.lacking(this.lacks);
  }

  /**
   * Results of a batch, from its place `from` on. False where the batch is not open (any more); what was answered already
   * stays as it is. Throws `invalid_argument`, and takes none, where one of them is no result.
   */
  take(number: number, from: number, results: readonly unknown[]): boolean {
    const open = this.#batches.get(number);
    if (open === undefined) return false;
    // One that reports does so before its first results.
    this.#learn([]);
    if (from + results.length > open.requests.length)
      throw wrongResult(number, from, `the batch has ${open.requests.length} messages`);
    const read = results.map((json, index) => {
      const result = resultFrom(json);
      if (typeof result === 'string') throw wrongResult(number, from + index, result);
      return result;
    });
    for (const [index, result] of this.#checked(open, from, read).entries())
      open.batch.settleOnce(from + index, result);
    if (open.batch.isDone) {
      this.answered += open.requests.length;
      this.#close(number, open);
      this.#parts.pace.answered(open.requests.length, this.#parts.clock.now() - open.begunAt);
      this.#consumption?.setCredit(this.credit);
    }
    return true;
  }

  /** Ends the session where that takes too long: what it has goes back to the queue. */
  #checked({ requests }: OpenBatch, from: number, results: readonly DecodeResult[]): readonly DecodeResult[] {
    try {
      return this.#parts.check.checked(requests.slice(from, from + results.length), results);
    } catch (problem) {
      this.end(toSluiceError(problem));
      throw problem;
    }
  }

  /** The next lines; undefined where none came in time, and once the session has ended. */
  async next(waitMs: number): Promise<string | undefined> {
    if (this.#lines.length === 0 && this.#reason === undefined) await this.#wait(waitMs);
    if (this.#lines.length === 0) return undefined;
    const lines = this.#lines;
    this.#lines = [];
    return lines.join('\n');
  }

  /** Takes nothing more, and ends once what the worker has is answered. */
  async leave(): Promise<void> {
    this.#isLeaving = true;
    this.#consumption?.setCredit(this.credit);
    await this.#inner?.idle();
    this.end(new SluiceError('unavailable', 'The worker asked to leave'));
  }

  end(reason: SluiceError): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#inner?.close();
    // Before the answers below: what they say of these messages concerns nobody any more.
    this.#consumption?.stop();
    this.#lines = [];
    for (const [number, open] of this.#batches) this.#abandon(number, open);
    this.#listener?.();
    this.#parts.ended(reason);
  }

  idle(): Promise<void> {
    return this.#inner?.idle() ?? Promise.resolve();
  }

  #abandon(number: number, open: OpenBatch): void {
    const result = unavailable('Not tried: its worker left');
    for (let place = 0; place < open.requests.length; place++) open.batch.settleOnce(place, result);
    this.#close(number, open);
  }

  #close(number: number, { deadline }: OpenBatch): void {
    deadline.cancel();
    this.#batches.delete(number);
  }

  #has(driver: DriverRef): boolean {
    return this.#parts.builtIn.has(`${driver.id}@${driver.version}`) || this.#parts.scriptOf(driver) !== undefined;
  }

  #say(line: string): void {
    this.#lines.push(line);
    this.#listener?.();
  }

  async #wait(waitMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#listener = resolve;
    const timer = this.#parts.clock.after(waitMs, resolve);
    await promise;
    timer.cancel();
    this.#listener = undefined;
  }
}

function troublesOf({ id, version, deviceTypes }: DriverSetAside): string[] {
  return deviceTypes.map((deviceType) => `${id} ${version} for ${JSON.stringify(deviceType)}`);
}

function lacksDriver({ id, version }: DriverRef): SluiceError {
  return new SluiceError(
    'conflict',
    `Update the worker: it has no driver "${id}@${version}", which is built into the server`,
  );
}

function tooSlow(answerMsMax: number): SluiceError {
  return new SluiceError('unavailable', `The worker did not answer a batch within ${answerMsMax} ms`);
}

function wrongResult(batch: number, place: number, problem: string): SluiceError {
  return new SluiceError('invalid_argument', `Cannot take result ${place} of batch ${batch}: ${problem}`);
}
