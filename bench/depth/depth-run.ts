import { statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { dataFiles, environmentFile } from '../../src/platform/data-files.ts';
import { brokerCore, loadCore } from '../broker.ts';
import { Client } from '../client.ts';
import { compileMqttload, type LoadResult, runLoad } from '../mqttload.ts';
import { anonymousBytes } from '../process-usage.ts';
import { median } from '../report.ts';
import { declareQueue, type SluiceBroker, startSluice } from '../sluice.ts';

export interface DepthSize {
  readonly messages: number;
  readonly sample: number;
  readonly rounds: number;
}

/** Rates are messages a second. */
export interface DepthFigures {
  readonly size: DepthSize;
  readonly enqueueEmpty: number;
  readonly enqueueDeep: number;
  readonly drainEmpty: number;
  readonly drainDeep: number;
  /** The whole of it, after the samples. */
  readonly drainRest: number;
  readonly anonymousBytes: Readonly<Record<'empty' | 'filling' | 'waiting' | 'restarted' | 'draining', number>>;
  readonly millisecondsToReady: number;
  /** From the start of the process to the first message at a consumer. */
  readonly millisecondsToFirst: number;
  readonly fileBytes: Readonly<Record<'filled' | 'drained' | 'refilled', number>>;
  /** Acknowledged and not there after SIGKILL, not delivered, or still there after the drain. */
  readonly lost: number;
  readonly duplicates: number;
}

const publishers = 100;
const consumers = 4;
const messageShape = '--ver 5 --qos 1 --size 256 --idle-timeout 20';
/** After a load, before memory at rest is read. */
const restMs = 2_000;
const memorySampleMs = 50;
const pollMs = 20;

/** One server, one queue: empty, filled, killed, drained and filled again. */
export class DepthRun {
  readonly #folder: string;
  readonly #size: DepthSize;
  readonly #tell: (line: string) => void;
  readonly #program: string;
  /** Messages that each publisher has sent; the next run goes on from there, so that all are told apart. */
  #sentEach = 0;
  #present = 0;
  #lost = 0;
  #duplicates = 0;
  #server!: SluiceBroker;

  constructor(folder: string, size: DepthSize, tell: (line: string) => void) {
    this.#folder = folder;
    this.#size = size;
    this.#tell = tell;
    this.#program = compileMqttload(folder);
  }

  async run(): Promise<DepthFigures> {
    this.#server = await this.#start();
    try {
      await declareQueue(this.#server);
      return await this.#measure();
    } finally {
      await this.#server.stop();
    }
  }

  async #measure(): Promise<DepthFigures> {
    const { messages, sample, rounds } = this.#size;
    await this.#publish(sample);
    await this.#drain(sample);
    const empty = await this.#measureEmpty();
    const anonymousEmpty = await this.#anonymousAtRest();
    const filling = await this.#peakDuring(() => this.#publish(messages));
    const waiting = await this.#anonymousAtRest();
    const filled = this.#fileBytes();
    const deep: number[] = [];
    for (let round = 0; round < rounds; round++) deep.push(await this.#publish(sample));
    const started = await this.#restart();
    const restarted = await this.#anonymousAtRest();
    const drains: number[] = [];
    let drainRest = Number.NaN;
    const draining = await this.#peakDuring(async () => {
      // The process is new: its first messages run through code that is not yet compiled.
      await this.#drain(sample);
      for (let round = 1; round < rounds; round++) drains.push(await this.#drain(sample));
      drainRest = await this.#drain(this.#present);
    });
    const drained = this.#fileBytes();
    this.#forgetNumbers();
    await this.#publish(messages);
    return {
      size: this.#size,
      enqueueEmpty: median(empty.enqueue),
      drainEmpty: median(empty.drain),
      enqueueDeep: median(deep),
      drainDeep: median(drains),
      drainRest,
      anonymousBytes: { empty: anonymousEmpty, filling, waiting, restarted, draining },
      ...started,
      fileBytes: { filled, drained, refilled: this.#fileBytes() },
      lost: this.#lost,
      duplicates: this.#duplicates,
    };
  }

  async #measureEmpty(): Promise<{ enqueue: number[]; drain: number[] }> {
    const enqueue: number[] = [];
    const drain: number[] = [];
    for (let round = 0; round < this.#size.rounds; round++) {
      enqueue.push(await this.#publish(this.#size.sample));
      drain.push(await this.#drain(this.#size.sample));
    }
    return { enqueue, drain };
  }

  /** Kills the server and measures until it is ready, and until a consumer has its first message. */
  async #restart(): Promise<{ millisecondsToReady: number; millisecondsToFirst: number }> {
    await this.#server.stop('SIGKILL');
    const startedAt = performance.now();
    this.#server = await this.#start();
    const millisecondsToReady = performance.now() - startedAt;
    await this.#firstMessage();
    const millisecondsToFirst = performance.now() - startedAt;
    await this.#account('after SIGKILL');
    return { millisecondsToReady, millisecondsToFirst };
  }

  #start(): Promise<SluiceBroker> {
    return startSluice({ home: this.#folder, core: brokerCore });
  }

  /** Answers the rate at which they were acknowledged. */
  async #publish(count: number): Promise<number> {
    const first = this.#sentEach;
    this.#sentEach += Math.ceil(count / publishers);
    const sent = (this.#sentEach - first) * publishers;
    const result = await this.#load(`--pubs ${publishers} --subs 0 --first ${first} --count ${this.#sentEach}`);
    this.#present += sent;
    await this.#account(`${sent} published at ${perSecond(result.acknowledgedRate)}`);
    return result.acknowledgedRate;
  }

  /** Answers the rate at which they were received. */
  async #drain(count: number): Promise<number> {
    const expected = Math.min(count, this.#present);
    const result = await this.#load(
      `--pubs 0 --pubids ${publishers} --subs ${consumers} --count ${this.#sentEach} --expect ${expected} --filter $queue/bench`,
    );
    this.#lost += Math.max(0, result.lost);
    this.#duplicates += result.duplicates;
    const present = await this.#presentNow();
    // It stops at the number it waits for, and what is on its way then has come as well.
    const received = this.#present - present;
    if (received < expected) this.#duplicates += expected - received;
    this.#present = present;
    this.#tell(`${expected} received at ${perSecond(result.receivedRate)}, ${present} wait`);
    return result.receivedRate;
  }

  async #load(what: string): Promise<LoadResult> {
    const line = `${messageShape} ${what}`;
    const load = { program: this.#program, port: this.#server.mqttPort, arguments: line, core: loadCore };
    const result = await runLoad(load);
    if (result?.complete !== true) throw new Error(`The queue came to a stop: mqttload ${line}`);
    return result;
  }

  /** What should wait against what does. */
  async #account(what: string): Promise<void> {
    const present = await this.#presentNow();
    this.#lost += Math.max(0, this.#present - present);
    this.#duplicates += Math.max(0, present - this.#present);
    this.#present = present;
    this.#tell(`${what}: ${present} wait, anonymous ${megabytes(anonymousBytes(this.#server.pid))}`);
  }

  async #presentNow(): Promise<number> {
    // What a consumer held comes back when its connection has ended, behind its last acknowledgement.
    for (;;) {
      const response = await fetch(`http://127.0.0.1:${this.#server.httpPort}/v1/queues/bench/stats`);
      const { ready, leased, scheduled } = (await response.json()) as Readonly<Record<string, number>>;
      if (leased === 0) return ready + scheduled;
      await wait(pollMs);
    }
  }

  #firstMessage(): Promise<void> {
    return new Promise((resolve, reject) => {
      const client = new Client(this.#server.mqttPort, 'first', {
        connected: () => client.subscribe('$queue/bench'),
        acknowledged: () => undefined,
        received: () => {
          resolve();
          client.close();
        },
        closed: () => reject(new Error('The server closed the connection before the first message came')),
      });
    });
  }

  /** What was published so far is gone, and its numbers are free again. */
  #forgetNumbers(): void {
    this.#lost += this.#present;
    this.#sentEach = 0;
  }

  async #anonymousAtRest(): Promise<number> {
    await wait(restMs);
    return anonymousBytes(this.#server.pid);
  }

  async #peakDuring(work: () => Promise<unknown>): Promise<number> {
    let peak = 0;
    const sample = (): void => {
      peak = Math.max(peak, anonymousBytes(this.#server.pid));
    };
    const timer = setInterval(sample, memorySampleMs);
    try {
      await work();
    } finally {
      clearInterval(timer);
    }
    sample();
    return peak;
  }

  /** That the disk has given to the data file of the queues. */
  #fileBytes(): number {
    return statSync(join(this.#folder, 'data', dataFiles.queues, environmentFile)).blocks * 512;
  }
}

function perSecond(rate: number): string {
  return `${Math.round(rate).toLocaleString('en-US')}/s`;
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
