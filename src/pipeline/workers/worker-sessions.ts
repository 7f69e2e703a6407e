import { SluiceError } from '../../errors.ts';
import type { Consumer, Consumption, Credit } from '../../message.ts';
import type { Log } from '../../std/log.ts';
import type { DriverHost, DriverRef, SetAsideByWorker } from '../driver.ts';
import { builtInDrivers } from '../drivers/index.ts';
import { IngestConsumer } from '../ingest-consumer.ts';
import type { PipelineLimits } from '../limits.ts';
import { Processor } from '../processor.ts';
import type { Results } from '../results.ts';
import type { StepContext } from '../steps/step.ts';
import { ResultCheck } from './result-check.ts';
import { WorkerPace } from './worker-pace.ts';
import { WorkerSession } from './worker-session.ts';

/** Who asks to work. */
export interface WorkerHello {
  /** The name under which the caller is known. */
  readonly owner: string;
  /** What the worker calls itself, for lists and logs. */
  readonly name: string;
  /** Every driver that it has built in, as `id@version`. */
  readonly drivers: readonly string[];
}

/** A worker may report a great many, again and again: one line of the log each time, which names so many. */
const troublesLoggedMax = 20;

export interface WorkerSessionsParts {
  readonly context: StepContext;
  readonly drivers: DriverHost;
  /** Begins to consume the ingest queue. */
  readonly consume: (consumer: Consumer, credit: Credit) => Promise<Consumption>;
  readonly results: Results;
  readonly limits: PipelineLimits;
  readonly log: Log;
}

/**
 * Worker processes that decode what the ingest queue holds. Each is a consumer of the queue of its own; who a message is
 * from, which driver is meant, whether its time can be and what is stored stays with the server, so that a worker can say
 * nothing but what a driver says.
 */
export class WorkerSessions {
  readonly #parts: WorkerSessionsParts;
  readonly #check = new ResultCheck(builtInDrivers);
  readonly #sessions = new Map<string, WorkerSession>();
  #opened = false;

  constructor(parts: WorkerSessionsParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Deliveries of all of them in work. */
  get inWork(): number {
    return [...this.#sessions.values()].reduce((sum, session) => sum + session.inWork, 0);
  }

  start(): void {
    this.#opened = true;
  }

  /**
   * Rejects with `conflict` where the worker lacks a driver that is built in here, with `quota_exceeded` beyond
   * `workersMax`, and with `unavailable` while the pipeline does not run.
   */
  async open(hello: WorkerHello): Promise<WorkerSession> {
    this.#refuse(hello);
    const session = this.#make(hello);
    this.#sessions.set(session.session, session);
    this.#share();
    const { workerBytesMax: creditBytes } = this.#parts.limits;
    try {
      session.attach(await this.#parts.consume(session, { credit: session.credit, creditBytes }));
    } catch (problem) {
      session.end(new SluiceError('unavailable', 'The ingest queue cannot be consumed', { cause: problem }));
      throw problem;
    }
    this.#parts.log.info('A worker comes', { worker: session.id });
    return session;
  }

  list(): readonly WorkerSession[] {
    return [...this.#sessions.values()];
  }

  /** The drivers that workers have set aside, with who did; nothing is left of a worker that goes. */
  setAside(driver: DriverRef): readonly SetAsideByWorker[] {
    return this.list().flatMap(({ id: worker, setAside }) =>
      setAside
        .filter(({ id, version }) => id === driver.id && version === driver.version)
        .map(({ deviceTypes }) => ({ worker, deviceTypes })),
    );
  }

  /** The session of this owner. Throws `not_found`. */
  of(session: string, owner: string): WorkerSession {
    const found = this.#sessions.get(session);
    if (found !== undefined && found.owner === owner) return found;
    throw new SluiceError('not_found', 'Open a session first: there is none of that name, or it has ended');
  }

  /** Ends every session, and resolves when nothing of theirs is in work. */
  async stop(): Promise<void> {
    this.#opened = false;
    const sessions = [...this.#sessions.values()];
    for (const session of sessions) session.end(new SluiceError('unavailable', 'The server stops'));
    await Promise.all(sessions.map((session) => session.idle()));
  }

  #refuse({ drivers }: WorkerHello): void {
    const { workersMax } = this.#parts.limits;
    if (!this.#opened) throw new SluiceError('unavailable', 'Come again: the pipeline does not run');
    if (this.#sessions.size >= workersMax) {
      throw new SluiceError('quota_exceeded', `Come again later: ${workersMax} workers are at work`, {
        detail: { limit: 'workersMax' },
      });
    }
    const known = new Set(drivers);
    const missing = this.#parts.drivers
      .drivers()
      .filter(({ id, version, builtIn }) => builtIn && !known.has(`${id}@${version}`))
      .map(({ id, version }) => `${id}@${version}`);
    if (missing.length === 0) return;
    throw new SluiceError('conflict', `Update the worker: it lacks drivers of this server, ${missing.join(', ')}`);
  }

  #make({ owner, name, drivers }: WorkerHello): WorkerSession {
    const { context, results, limits, log } = this.#parts;
    const host = this.#parts.drivers;
    const pace = new WorkerPace(limits);
    const session = new WorkerSession({
      owner,
      name,
      builtIn: new Set(drivers),
      scriptOf: (ref) => host.scriptOf(ref),
      check: this.#check,
      pace,
      answerMsMax: limits.workerAnswerMsMax,
      clock: context.clock,
      lacking: (abilities) => log.warn('A worker is older than the server', { worker: session.id, lacks: abilities }),
      setAside: (troubles) => {
        const drivers = troubles.slice(0, troublesLoggedMax);
        log.error('A worker sets drivers aside', { worker: session.id, drivers, count: troubles.length });
      },
      ended: (reason) => this.#ended(session, reason),
    });
    const processor = new Processor({
      ...context,
      drivers: { resolve: host.resolve.bind(host), decode: (requests) => session.decode(requests) },
    });
    const inner = new IngestConsumer(session.id, processor, results.add.bind(results), log, {
      ...limits,
      batchesInWorkMax: limits.workerBatchesInWorkMax,
      get batchMessagesMax() {
        return pace.batchMessages;
      },
    });
    session.begin(inner);
    return session;
  }

  #share(): void {
    for (const session of this.#sessions.values()) session.share(this.#sessions.size);
  }

  #ended(session: WorkerSession, { code, message }: SluiceError): void {
    this.#sessions.delete(session.session);
    this.#share();
    this.#parts.log.info('A worker goes', { worker: session.id, code, reason: message });
  }
}
