import type { ConsumeOptions, Consumer, Handler, StopOptions } from '../client.ts';
import { deferred } from '../deferred.ts';
import { type Received, received } from '../received.ts';
import { QueueRefused } from '../refusals.ts';
import { pause, retryDelayMs, within } from '../retry.ts';
import { WorkPool } from '../work-pool.ts';
import { type HttpApi, HttpProblem } from './http-api.ts';
import { HttpSettler } from './http-settler.ts';

interface LeasedJson {
  readonly token: string;
  readonly sequence: number;
  readonly attempt: number;
  readonly enqueuedAt: number;
  readonly topic: string;
  readonly payload: string;
  readonly encoding: 'utf8' | 'base64';
  readonly properties?: {
    readonly contentType?: string;
    readonly responseTopic?: string;
    readonly correlationData?: string;
    readonly userProperties?: readonly (readonly [string, string])[];
  };
  readonly death?: {
    readonly queue: string;
    readonly code: string;
    readonly reason: string;
    readonly attempts: number;
  };
}

/** Leases as many messages as there are handlers free, and holds them for as long as their handlers work. */
export class HttpConsumer implements Consumer {
  readonly ended: Promise<void>;
  readonly #api: HttpApi;
  readonly #queue: string;
  readonly #path: string;
  readonly #pool: WorkPool;
  readonly #settler: HttpSettler;
  readonly #concurrency: number;
  readonly #pollSeconds: number;
  readonly #leaseSeconds: number;
  readonly #group: string | undefined;
  readonly #onNotice: (sentence: string) => void;
  readonly #stopping = new AbortController();
  /** Tokens of what handlers work on; no more than the concurrency. */
  readonly #held = new Set<string>();
  readonly #ended = deferred<void>();
  #polling: Promise<void> = Promise.resolve();
  #stopped: Promise<void> | undefined;
  #freed: (() => void) | undefined;

  static async open(
    api: HttpApi,
    queue: string,
    handler: Handler,
    options: ConsumeOptions,
    onNotice: (sentence: string) => void,
  ): Promise<HttpConsumer> {
    const consumer = new HttpConsumer(api, queue, handler, options, onNotice);
    // Asks for nothing, to hear whether it may.
    await api.post(`${consumer.#path}/ack`, { tokens: ['none'] }).catch((problem) => {
      throw refusalOf(problem);
    });
    consumer.#begin();
    return consumer;
  }

  private constructor(
    api: HttpApi,
    queue: string,
    handler: Handler,
    { concurrency = 1, pollSeconds = 5, leaseSeconds = 30, group }: ConsumeOptions,
    onNotice: (sentence: string) => void,
  ) {
    this.#api = api;
    this.#queue = queue;
    this.#path = `/v1/queues/${encodeURIComponent(queue)}`;
    this.#pool = new WorkPool(handler, concurrency);
    this.#settler = new HttpSettler(api, this.#path, onNotice);
    this.#concurrency = concurrency;
    this.#pollSeconds = pollSeconds;
    this.#leaseSeconds = leaseSeconds;
    this.#group = group;
    this.#onNotice = onNotice;
    this.ended = this.#ended.promise;
    this.ended.catch((problem: Error) => onNotice(problem.message));
  }

  get running(): number {
    return this.#pool.running;
  }

  stop({ graceMs }: StopOptions = {}): Promise<void> {
    this.#stopped ??= this.#stop(graceMs);
    return this.#stopped;
  }

  #begin(): void {
    const extending = setInterval(() => void this.#extend(), (this.#leaseSeconds * 1_000) / 3);
    const over = (): void => clearInterval(extending);
    this.ended.then(over, over);
    this.#polling = this.#poll().catch((problem) => this.#ended.reject(problem));
  }

  async #stop(graceMs: number | undefined): Promise<void> {
    this.#stopping.abort();
    this.#freed?.();
    // The request that waits is not cut off: what it brings would be lent to nobody until its lease ends.
    await Promise.all([within(graceMs, this.#polling), this.#pool.finish(graceMs)]);
    await within(graceMs, this.#settler.done());
    this.#ended.resolve();
  }

  async #poll(): Promise<void> {
    const { signal } = this.#stopping;
    for (let failures = 0; !signal.aborted; ) {
      const free = this.#concurrency - this.#pool.running;
      if (free === 0) {
        await new Promise<void>((resolve) => {
          this.#freed = resolve;
        });
        continue;
      }
      try {
        for (const leased of await this.#lease(free)) this.#start(leased);
        failures = 0;
      } catch (problem) {
        const refusal = refusalOf(problem);
        if (refusal instanceof QueueRefused) throw refusal;
        this.#onNotice(refusal.message);
        await pause(retryDelayMs(failures++), signal);
      }
    }
  }

  async #lease(max: number): Promise<readonly LeasedJson[]> {
    const body = { max, waitSeconds: this.#pollSeconds, leaseSeconds: this.#leaseSeconds, group: this.#group };
    return (await this.#api.post<{ messages: readonly LeasedJson[] }>(`${this.#path}/lease`, body)).messages;
  }

  #start(json: LeasedJson): void {
    const { token } = json;
    if (this.#stopping.signal.aborted) {
      this.#settler.settle(token, { kind: 'released' });
      return;
    }
    this.#held.add(token);
    this.#pool.start({
      message: messageOf(json, this.#queue),
      isHeld: true,
      settle: (outcome) => {
        this.#held.delete(token);
        this.#settler.settle(token, outcome);
        this.#freed?.();
      },
    });
  }

  async #extend(): Promise<void> {
    const tokens = [...this.#held];
    if (tokens.length === 0) return;
    try {
      await this.#api.post(`${this.#path}/extend`, { tokens, leaseSeconds: this.#leaseSeconds });
    } catch (problem) {
      // Told again before the lease ends.
      this.#onNotice((problem as Error).message);
    }
  }
}

/** What cannot become better by trying again is final. */
function refusalOf(problem: unknown): Error {
  if (!(problem instanceof HttpProblem)) return problem as Error;
  return problem.retryable ? problem : new QueueRefused(problem.message, { cause: problem });
}

function messageOf(json: LeasedJson, queue: string): Received {
  const { topic, sequence, attempt, enqueuedAt, properties, death } = json;
  return received({
    topic,
    payload: Buffer.from(json.payload, json.encoding),
    queue,
    sequence,
    attempt,
    enqueuedAt: new Date(enqueuedAt),
    contentType: properties?.contentType,
    responseTopic: properties?.responseTopic,
    correlationData:
      properties?.correlationData === undefined ? undefined : Buffer.from(properties.correlationData, 'base64'),
    userProperties: properties?.userProperties ?? [],
    death: death && { source: death.queue, code: death.code, reason: death.reason, attempts: death.attempts },
  });
}
