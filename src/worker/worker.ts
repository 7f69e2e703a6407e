import { type ErrorCode, errorCatalogue } from '../errors.ts';
import type { DecodeResult, DriverHost, DriverRef } from '../pipeline/driver.ts';
import { scaleMs, type ThreadScale } from '../pipeline/thread-scale.ts';
import {
  type BatchLine,
  BatchReader,
  type DriverSetAside,
  type WorkerReport,
  type WorkLine,
  workerAbilities,
} from '../pipeline/workers/wire.ts';
import { type HttpApi, HttpProblem } from '../sdk/http/http-api.ts';
import { pause, retryDelayMs } from '../sdk/retry.ts';
import type { Clock, Timer } from '../std/clock.ts';
import type { Log } from '../std/log.ts';
import { sendResults } from './results.ts';

export interface WorkerParts {
  readonly api: Pick<HttpApi, 'lines' | 'post'>;
  /** What the worker calls itself. */
  readonly name: string;
  /** Started and stopped by the worker. */
  readonly drivers: DriverHost & { remove(ref: { id: string; version: string }): boolean };
  /** Told every `scaleMs` to look at what waits. */
  readonly scale: Pick<ThreadScale, 'follow'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** A server says at least every five seconds that it is there. */
const silenceMsMax = 15_000;
/** How long the batches that are here may take once the worker is to stop. */
const stopMsMax = 20_000;

/**
 * Decodes what a server's ingest queue holds, over the server's HTTP API. It keeps nothing: what it has not answered is the
 * queue's again as soon as its connection ends.
 */
export class Worker {
  readonly #parts: WorkerParts;
  readonly #stop = new AbortController();
  readonly #kill = new AbortController();
  #failures = 0;
  #leave: (() => Promise<void>) | undefined;
  #current: Session | undefined;
  #timer: Timer | undefined;

  constructor(parts: WorkerParts) {
    this.#parts = parts;
  }

  /** Works until it is stopped, through restarts of the server. Rejects with the problem where the server lets it not in. */
  async run(): Promise<void> {
    const { drivers, log } = this.#parts;
    await drivers.start();
    this.#scale();
    try {
      while (!this.#stop.signal.aborted) {
        const problem = await this.#session();
        if (problem === undefined || this.#stop.signal.aborted) continue;
        if (problem.status === 401 || problem.status === 403) throw problem;
        log.warn('Not at work; trying again', { reason: problem.message });
        await pause(retryDelayMs(this.#failures++), this.#stop.signal);
      }
    } finally {
      this.#timer?.cancel();
      await drivers.stop();
    }
  }

  /** Takes nothing more, finishes what is here, and lets `run` resolve. */
  async stop(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    const leave = this.#leave;
    if (leave === undefined) {
      this.#kill.abort();
      return;
    }
    const timer = this.#parts.clock.after(stopMsMax, () => this.#kill.abort());
    const killed = new Promise((resolve) => this.#kill.signal.addEventListener('abort', resolve));
    // A server that stands still answers nothing, not even that.
    await Promise.race([leave(), killed]);
    timer.cancel();
    this.#kill.abort();
  }

  /** From the first line to the last. Answers why it ended, where that is a problem. */
  async #session(): Promise<HttpProblem | undefined> {
    const { api, name, drivers } = this.#parts;
    const builtIn = drivers.drivers().filter((driver) => driver.builtIn);
    // Scripts of the session before: in this one the server sends again what it has by now.
    for (const driver of drivers.drivers()) if (!driver.builtIn) drivers.remove(driver);
    const hello = { name, drivers: builtIn.map(({ id, version }) => `${id}@${version}`) };
    const ended = new AbortController();
    const signal = AbortSignal.any([this.#kill.signal, ended.signal]);
    const fail = (problem: unknown): void => ended.abort(problem);
    const session = new Session(this.#parts, this.#kill.signal, fail);
    try {
      for await (const text of api.lines('/v1/workers', hello, signal, silenceMsMax)) {
        const line: WorkLine = JSON.parse(text);
        if (line.kind === 'open') this.#opened(line, session);
        if (line.kind === 'batch') session.take(line);
        if (line.kind === 'end') return new HttpProblem(line.reason, statusOf(line.code), true);
      }
      return new HttpProblem('The server ended the session', 0, true);
    } catch (problem) {
      const cause: unknown = ended.signal.aborted ? ended.signal.reason : problem;
      if (cause instanceof HttpProblem) return cause;
      throw cause;
    } finally {
      this.#leave = undefined;
      this.#current = undefined;
    }
  }

  #opened({ session: id, bodyBytesMax, hearsReports }: WorkLine & { kind: 'open' }, session: Session): void {
    this.#failures = 0;
    session.open(id, bodyBytesMax, hearsReports === true);
    this.#current = session;
    this.#leave = () => session.leave();
    this.#parts.log.info('At work', { session: id.slice(0, 8) });
    if (this.#stop.signal.aborted) void session.leave();
  }

  #scale(): void {
    this.#parts.scale.follow(0);
    this.#current?.report();
    this.#timer = this.#parts.clock.after(scaleMs, () => this.#scale());
  }
}

/** As the server would have answered the request with which the session was opened. */
function statusOf(code: string): number {
  return Object.hasOwn(errorCatalogue, code) ? errorCatalogue[code as ErrorCode].http : 0;
}

/** What is done with the batches of one session. */
class Session {
  readonly #parts: WorkerParts;
  readonly #killed: AbortSignal;
  readonly #fail: (problem: unknown) => void;
  readonly #reader = new BatchReader();
  #id = '';
  #bodyBytesMax = 0;
  #learned: Promise<void> = Promise.resolve();
  #hearsReports = false;
  #told = '';
  #reported: Promise<void> = Promise.resolve();
  /** Drivers that did not load: the server sends none twice. */
  #missing: BatchLine['drivers'] = [];

  constructor(parts: WorkerParts, killed: AbortSignal, fail: (problem: unknown) => void) {
    this.#parts = parts;
    this.#killed = killed;
    this.#fail = fail;
  }

  /** The server hears what this worker is before it gets results of it. */
  open(id: string, bodyBytesMax: number, hearsReports: boolean): void {
    this.#id = id;
    this.#bodyBytesMax = bodyBytesMax;
    this.#hearsReports = hearsReports;
    this.report();
    this.#learned = this.#reported;
  }

  /** Tells the server what is new since the last time, one report after the other. */
  report(): void {
    if (!this.#hearsReports) return;
    const report: WorkerReport = { abilities: workerAbilities, setAside: setAsideBy(this.#parts.drivers) };
    const text = JSON.stringify(report);
    if (text === this.#told) return;
    this.#told = text;
    this.#reported = this.#reported.then(() => this.#send(report)).catch(this.#fail);
  }

  async #send(report: WorkerReport): Promise<void> {
    await this.#parts.api.post(`/v1/workers/${this.#id}/report`, report, this.#killed);
  }

  /** Batches are decoded side by side, once the drivers are there that this one and those before brought. */
  take(line: BatchLine): void {
    const requests = this.#reader.read(line);
    this.#learned = this.#learned.then(() => this.#learn(line));
    this.#learned
      .then(() => this.#parts.drivers.decode(requests))
      .then((results) => this.#answered(line.batch, results.map(answerable)))
      .catch(this.#fail);
  }

  /** The server takes its leave once everything is answered. */
  async leave(): Promise<void> {
    try {
      await this.#parts.api.post(`/v1/workers/${this.#id}/leave`, {}, this.#killed);
    } catch (problem) {
      // Whatever is not answered goes back with the connection.
      this.#parts.log.warn('Could not take leave of the server', { problem });
    }
  }

  /** A version that the server removed and made anew replaces the one that is here. */
  async #learn({ drivers: added, driversGone }: BatchLine): Promise<void> {
    const { drivers, log } = this.#parts;
    for (const driver of driversGone) drivers.remove(driver);
    const changed = [...added, ...driversGone];
    const wanted = [...this.#missing.filter((driver) => !changed.some((other) => isSame(driver, other))), ...added];
    const missing: BatchLine['drivers'][number][] = [];
    this.#missing = missing;
    for (const driver of wanted) {
      drivers.remove(driver);
      try {
        await drivers.add(driver);
      } catch (problem) {
        // Its messages are answered as not tried, and come again; with the next batch it is tried again.
        missing.push(driver);
        log.error('A driver does not load', { id: driver.id, version: driver.version, problem });
      }
    }
  }

  async #answered(batch: number, results: readonly DecodeResult[]): Promise<void> {
    if (results.some((result) => !result.ok && result.code === 'unavailable')) this.report();
    await this.#answer(batch, results);
  }

  async #answer(batch: number, results: readonly DecodeResult[]): Promise<void> {
    await sendResults(results, this.#bodyBytesMax, (from, part) =>
      this.#parts.api.post(`/v1/workers/${this.#id}/results`, { batch, from, results: part }, this.#killed),
    );
  }
}

function setAsideBy(drivers: DriverHost): readonly DriverSetAside[] {
  return drivers
    .drivers()
    .filter(({ setAsideFor }) => setAsideFor.length > 0)
    .map(({ id, version, setAsideFor }) => ({ id, version, deviceTypes: setAsideFor }));
}

function isSame(a: DriverRef, b: DriverRef): boolean {
  return a.id === b.id && a.version === b.version;
}

/**
 * The server knows the driver, or it would not have asked for it: that it is not here is this worker's own trouble. That one is
 * set aside an older server takes for no answer; the reason and the report say it.
 */
function answerable(result: DecodeResult): DecodeResult {
  if (result.ok || (result.code !== 'no_driver' && result.code !== 'driver_set_aside')) return result;
  return { ...result, code: 'unavailable' };
}
