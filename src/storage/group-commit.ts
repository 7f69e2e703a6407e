import { SluiceError } from '../errors.ts';
import type { ReceiptWaiter } from '../message.ts';
import { type Clock, systemClock } from '../std/clock.ts';
import { Histogram } from '../std/histogram.ts';
import type { DiskSpace } from './disk-space.ts';
import type { Transactor } from './environment.ts';
import { OpenBatch } from './open-batch.ts';
import { checkKey, RowBatch } from './row-batch.ts';
import type { BatchWriter, StagedWrite } from './staged-write.ts';
import type { TableName } from './tables.ts';

export interface CommitLimits {
  /**
   * Messages staged and not flushed, over the open batch and the one that is being flushed. Below lmdb's 300,000
   * outstanding writes, from where on it makes the main thread wait for each further one.
   */
  readonly batchMessagesMax: number;
  /** Their bytes. */
  readonly batchBytesMax: number;
  /** A commit that takes longer has failed: lmdb does not tell of a transaction that it could not begin. */
  readonly flushMsMax: number;
}

export const commitLimits: CommitLimits = {
  batchMessagesMax: 250_000,
  batchBytesMax: 256 * 1024 * 1024,
  flushMsMax: 60_000,
};

/**
 * Group commit: while one batch is being flushed the next one fills, and each batch is one transaction. What is staged in
 * one turn of the event loop is always in one batch. Receipts come after the flush, in the order in which they were asked for,
 * and all of them before the next batch closes: who is told of a flush takes what closed last for what was flushed.
 *
 * The first failure is the last: from then on nothing is written, and every waiter is told `storage_failed`.
 */
export class GroupCommit {
  readonly #transactor: Transactor;
  readonly #space: DiskSpace | undefined;
  readonly #limits: CommitLimits;
  readonly #clock: Clock;
  readonly #onFailure: (failure: SluiceError) => void;
  #open = new OpenBatch();
  /** Takes the next turn when the open batch closes; both are filled again and again. */
  #spare = new OpenBatch();
  #flushing: OpenBatch | undefined;
  #closing = false;
  #failure: SluiceError | undefined;
  #pressed = false;
  readonly #drained: (() => void)[] = [];
  readonly #behindAnswers: (() => void)[] = [];
  readonly #monotonicMs: () => number;
  /** How long transactions took until they were flushed, in microseconds. */
  readonly latency = new Histogram();

  constructor(parts: {
    environment: Transactor;
    /** Told of everything that is staged and flushed; without it the disk is taken to be endless. */
    space?: DiskSpace;
    limits?: Partial<CommitLimits>;
    clock?: Clock;
    /** Measures how long a commit takes. */
    monotonicMs?: () => number;
    /** Called once. The platform stops accepting and ends the process. */
    onFailure?: (failure: SluiceError) => void;
  }) {
    this.#transactor = parts.environment;
    this.#space = parts.space;
    this.#limits = { ...commitLimits, ...parts.limits };
    this.#clock = parts.clock ?? systemClock;
    this.#monotonicMs = parts.monotonicMs ?? (() => performance.now());
    this.#onFailure = parts.onFailure ?? (() => undefined);
  }

  /** Set once a commit has failed. */
  get failure(): SluiceError | undefined {
    return this.#failure;
  }

  /** Why nothing new may be staged: a commit has failed, or the disk is nearly full. What removes rows may be staged all the same. */
  get refusal(): SluiceError | undefined {
    return this.#failure ?? this.#space?.refusal;
  }

  get unflushedMessages(): number {
    return this.#open.messages + (this.#flushing?.messages ?? 0);
  }

  get unflushedBytes(): number {
    return this.#open.bytes + (this.#flushing?.bytes ?? 0);
  }

  /** Whether somebody waits for a flush. */
  get isBusy(): boolean {
    return this.#open.hasWaiters || this.#flushing?.hasWaiters === true;
  }

  /** Whether `messages` more of together `bytes` fit below the limits. One that is larger than the limit fits when nothing waits. */
  hasRoom(bytes: number, messages = 1): boolean {
    const waiting = this.unflushedMessages;
    if (waiting === 0) return true;
    const fits =
      waiting + messages <= this.#limits.batchMessagesMax && this.unflushedBytes + bytes <= this.#limits.batchBytesMax;
    if (!fits) this.#pressed = true;
    return fits;
  }

  /** Registers a listener for the moment when, after `hasRoom` said no, a flush has made room again. */
  onDrain(listener: () => void): void {
    this.#drained.push(listener);
  }

  /** Puts a row in the open batch. Key and value are handed over and must not change. Throws a RangeError for a key that is too long. */
  put(table: TableName, key: Buffer, value: Buffer): void {
    checkKey(table, key);
    this.stage(new RowWrite(table, key, value), key.length + value.length);
  }

  remove(table: TableName, key: Buffer): void {
    checkKey(table, key);
    this.stage(new RowWrite(table, key, undefined), key.length);
  }

  /** Adds to the open batch. `bytes` is what it holds in memory until the flush. */
  stage(write: StagedWrite, bytes = 0): void {
    if (this.#failure !== undefined) return;
    this.#open.stage(write);
    this.#open.bytes += bytes;
    this.#open.messages++;
    this.#space?.staged(bytes);
    if (!this.#closing) this.#closeSoon();
  }

  /** Receipt for everything staged so far. After a failure it comes at once. */
  wait(waiter: ReceiptWaiter, tag: number): void {
    if (this.#failure !== undefined) {
      waiter.receipt(tag, this.#failure);
      return;
    }
    this.#open.wait(waiter, tag);
    if (!this.#closing) this.#closeSoon();
  }

  /**
   * Calls when everything staged so far is flushed, or has failed, and behind what all that waited for it leave to the end of the turn
   * in which they are told.
   */
  afterAnswers(run: () => void): void {
    if (this.#failure === undefined) this.wait({ receipt: () => this.#behindAnswers.push(run) }, 0);
    else setImmediate(run);
  }

  /** Resolves when everything staged so far is flushed; rejects with `storage_failed`. */
  flushed(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.wait({ receipt: (_tag, failure) => (failure === undefined ? resolve() : reject(failure)) }, 0);
    });
  }

  /** A batch closes at the end of the turn in which it was begun, or after the flush before it. */
  #closeSoon(): void {
    this.#closing = true;
    if (this.#flushing === undefined) setImmediate(this.#close);
  }

  readonly #close = (): void => {
    if (this.#failure !== undefined) return;
    const batch = this.#open;
    this.#open = this.#spare;
    this.#flushing = batch;
    this.#closing = false;
    const rows = new RowBatch();
    try {
      batch.writeTo(rows);
    } catch (problem) {
      this.fail(problem);
      return;
    }
    if (rows.size === 0) this.#finish(batch);
    else void this.#flush(batch, rows);
  };

  async #flush(batch: OpenBatch, rows: RowBatch): Promise<void> {
    const { flushMsMax } = this.#limits;
    const began = this.#monotonicMs();
    const watch = this.#clock.after(flushMsMax, () =>
      this.fail(new Error(`A commit took longer than ${flushMsMax} ms`)),
    );
    try {
      await this.#transactor.transact(rows);
    } catch (problem) {
      this.fail(problem);
      return;
    } finally {
      watch.cancel();
    }
    this.latency.record((this.#monotonicMs() - began) * 1_000);
    this.#finish(batch);
  }

  #finish(batch: OpenBatch): void {
    // A commit that came back after its time was given up must not be acknowledged any more.
    if (this.#failure !== undefined) return;
    this.#flushing = undefined;
    this.#space?.flushed(batch.bytes);
    if (this.#closing) setImmediate(this.#close);
    this.#answer(batch, undefined);
    batch.clear();
    this.#spare = batch;
    if (this.#pressed && this.#drainedEnough()) {
      this.#pressed = false;
      for (const listener of this.#drained) listener();
    }
  }

  #drainedEnough(): boolean {
    const { batchBytesMax, batchMessagesMax } = this.#limits;
    return this.unflushedBytes <= batchBytesMax / 2 && this.unflushedMessages <= batchMessagesMax / 2;
  }

  /** From now on nothing is written: what lies on disk is not to be trusted. */
  fail(problem: unknown): void {
    if (this.#failure !== undefined) return;
    const failure = asFailure(problem);
    this.#failure = failure;
    const batches = [this.#flushing, this.#open];
    this.#flushing = undefined;
    this.#open = new OpenBatch();
    this.#onFailure(failure);
    for (const batch of batches) if (batch !== undefined) this.#answer(batch, failure);
  }

  #answer(batch: OpenBatch, failure: SluiceError | undefined): void {
    batch.settle(failure);
    for (const run of this.#behindAnswers.splice(0)) setImmediate(run);
  }
}

function asFailure(problem: unknown): SluiceError {
  if (problem instanceof SluiceError && problem.code === 'storage_failed') return problem;
  const reason = problem instanceof Error ? problem.message : String(problem);
  return new SluiceError('storage_failed', `Cannot store: ${reason}; nothing is accepted until a restart`, {
    cause: problem,
  });
}

class RowWrite implements StagedWrite {
  readonly #table: TableName;
  readonly #key: Buffer;
  readonly #value: Buffer | undefined;

  constructor(table: TableName, key: Buffer, value: Buffer | undefined) {
    this.#table = table;
    this.#key = key;
    this.#value = value;
  }

  write(batch: BatchWriter): void {
    if (this.#value === undefined) batch.remove(this.#table, this.#key);
    else batch.put(this.#table, this.#key, this.#value);
  }
}
