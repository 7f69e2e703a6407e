import type { ReceiptWaiter } from '../message.ts';
import { hasWildcard } from '../mqtt/topics/filter-index.ts';
import type { Log } from '../std/log.ts';
import type { Environment } from '../storage/environment.ts';
import type { GroupCommit } from '../storage/group-commit.ts';
import type { BatchWriter, StagedWrite } from '../storage/staged-write.ts';
import type { Publication } from './publication.ts';
import type { RetainedLog } from './retained.ts';
import { everyRetained, RetainedFilter } from './retained-filter.ts';
import { retainedKey } from './retained-key.ts';
import { decodeRetained, encodeRetained } from './retained-row.ts';
import { type LogScan, type RetainedMessage, TableScan, TopicScan } from './retained-scan.ts';

/**
 * Retained messages in the table `retained`, as rows of `retained-row.ts` under keys of `retained-key.ts`. In memory is
 * only what is staged and not flushed, which hides what the table has under its topic. Many changes of a topic in one
 * batch are one row.
 */
export class RetainedTable implements RetainedLog, ReceiptWaiter {
  readonly #environment: Environment;
  readonly #commit: GroupCommit;
  readonly #log: Log;
  readonly #staged = new Map<string, RetainedWrite>();
  /** Those of `#staged` whose batch is being flushed. */
  #flushing: RetainedWrite[] = [];
  #size: number;

  constructor(environment: Environment, commit: GroupCommit, log: Log) {
    this.#environment = environment;
    this.#commit = commit;
    this.#log = log;
    this.#size = environment.count('retained');
  }

  get size(): number {
    return this.#size;
  }

  has(topic: string): boolean {
    const staged = this.#staged.get(topic);
    return staged === undefined ? this.#environment.has('retained', retainedKey(topic)) : staged.record !== undefined;
  }

  hasRoom(bytes: number): boolean {
    return this.#commit.hasRoom(bytes);
  }

  put(publication: Publication, place: number): void {
    if (this.#commit.failure !== undefined) return;
    if (!this.#change(publication.topic, encodeRetained(publication, place))) this.#size++;
  }

  remove(topic: string): boolean {
    const hadOne = this.has(topic);
    if (!hadOne || this.#commit.failure !== undefined) return hadOne;
    this.#change(topic, undefined);
    this.#size--;
    return true;
  }

  scan(filter: string | undefined): LogScan {
    if (filter !== undefined && !hasWildcard(filter)) return new TopicScan([filter], (topic) => this.#get(topic));
    const selection = filter === undefined ? everyRetained : new RetainedFilter(filter);
    return new TableScan(this.#environment, selection, filter, (key, value) => this.#read(key, value));
  }

  wait(waiter: ReceiptWaiter, tag: number): void {
    if (this.#staged.size === 0 && this.#commit.failure === undefined) waiter.receipt(tag, undefined);
    else this.#commit.wait(waiter, tag);
  }

  /** The batch is flushed: what it wrote is in the table now, unless it has changed again since. */
  receipt(): void {
    for (const write of this.#flushing) if (this.#staged.get(write.topic) === write) this.#staged.delete(write.topic);
    this.#flushing = [];
  }

  /** Stages what the topic has from now on. Answers whether it had something. */
  #change(topic: string, record: Buffer | undefined): boolean {
    const known = this.#staged.get(topic);
    const key = known?.key ?? retainedKey(topic);
    const hadOne = known === undefined ? this.#environment.has('retained', key) : known.record !== undefined;
    const bytes = record?.length ?? 0;
    // One that is longer is staged anew, so that storage knows what it holds.
    if (known?.open === true && bytes <= known.bytes) known.record = record;
    else {
      const write = new RetainedWrite(topic, key, record, this);
      this.#staged.set(topic, write);
      this.#commit.stage(write, key.length + bytes);
    }
    return hadOne;
  }

  /** The batch of this write closes. */
  written(write: RetainedWrite, batch: BatchWriter): void {
    if (this.#flushing.length === 0) batch.wait(this, 0);
    this.#flushing.push(write);
  }

  #get(topic: string): RetainedMessage | undefined {
    const key = retainedKey(topic);
    const staged = this.#staged.get(topic);
    const record = staged === undefined ? this.#environment.get('retained', key) : staged.record;
    return record === undefined ? undefined : this.#decode(key, record);
  }

  /** A row as it is now, with what is staged. */
  #read(key: Buffer, value: Buffer): RetainedMessage | undefined {
    const message = this.#decode(key, value);
    const staged = message === undefined ? undefined : this.#staged.get(message.publication.topic);
    if (staged === undefined) return message;
    return staged.record === undefined ? undefined : this.#decode(key, staged.record);
  }

  /** A row that cannot be read costs its message and nothing else; it stays on disk to be looked at. */
  #decode(key: Buffer, row: Buffer): RetainedMessage | undefined {
    try {
      return decodeRetained(row);
    } catch (problem) {
      this.#log.error('Cannot read retained message', { key: key.toString('hex'), error: problem });
      return undefined;
    }
  }
}

/** What a topic has from the next flush on: a record, or nothing. */
class RetainedWrite implements StagedWrite {
  readonly topic: string;
  readonly key: Buffer;
  record: Buffer | undefined;
  /** What storage was told that the record has. */
  readonly bytes: number;
  /** Its batch has not closed yet. */
  open = true;
  readonly #table: RetainedTable;

  constructor(topic: string, key: Buffer, record: Buffer | undefined, table: RetainedTable) {
    this.topic = topic;
    this.key = key;
    this.record = record;
    this.bytes = record?.length ?? 0;
    this.#table = table;
  }

  write(batch: BatchWriter): void {
    this.open = false;
    if (this.record === undefined) batch.remove('retained', this.key);
    else batch.put('retained', this.key, this.record);
    this.#table.written(this, batch);
  }
}
