import assert from 'node:assert/strict';
import { filterMatches } from '../mqtt/topics/match.ts';
import type { Environment } from '../storage/environment.ts';
import type { Publication } from './publication.ts';
import type { KeySelection } from './retained-filter.ts';

/** A way through retained messages, in as many steps as it takes. */
export interface RetainedScan {
  /**
   * Goes on: visits each message as it is at this moment, until `visit` answers that it is enough or the step is. What
   * was visited does not come again. Answers how many keys it looked at.
   */
  read(visit: Visit): number;
  /** Whether everything was visited. */
  readonly isDone: boolean;
  /** It can go on once this has resolved; absent where it can at once. */
  readonly waitsFor?: Promise<void> | undefined;
}

/** One that can look ahead. */
export interface LogScan extends RetainedScan {
  /** Another one that begins where this one is. */
  fork(): LogScan;
}

export interface RetainedMessage {
  readonly publication: Publication;
  /** Grows from one message to the next that is retained, whatever its topic. */
  readonly place: number;
}

/** Answers false where it is enough, and `again` where it is enough without this one: the next step begins with it. */
export type Visit = (message: RetainedMessage) => boolean | 'again';

/** Makes a message of a row; undefined where nothing is retained under its topic any more. */
export type RowReader = (key: Buffer, value: Buffer) => RetainedMessage | undefined;

/** Goes through the table in key order. Between two steps it holds a key and nothing else. */
export class TableScan implements LogScan {
  readonly #environment: Environment;
  readonly #selection: KeySelection;
  readonly #filter: string | undefined;
  readonly #toMessage: RowReader;
  /** The smallest key that was not looked at. */
  #from: Buffer;
  #keysLeft = 0;
  #bytesLeft = 0;
  #pageRows = pageRowsMin;

  /** `filter` decides about topics whose key is cut; without one all are meant. */
  constructor(environment: Environment, selection: KeySelection, filter: string | undefined, toMessage: RowReader) {
    this.#environment = environment;
    this.#selection = selection;
    this.#filter = filter;
    this.#toMessage = toMessage;
    this.#from = selection.first;
  }

  get isDone(): boolean {
    return this.#from.compare(this.#selection.end) >= 0;
  }

  fork(): TableScan {
    const fork = new TableScan(this.#environment, this.#selection, this.#filter, this.#toMessage);
    fork.#from = this.#from;
    return fork;
  }

  read(visit: Visit): number {
    this.#keysLeft = stepKeysMax;
    this.#bytesLeft = stepBytesMax;
    while (!this.isDone && this.#keysLeft > 0 && this.#bytesLeft > 0) {
      const before = this.#from;
      const rows = this.#page();
      this.#keysLeft -= rows.length;
      if (rows.length === 0) this.#from = this.#selection.end;
      else if (!this.#look(rows, visit)) break;
      assert(this.#from.compare(before) > 0, 'A scan of retained messages moves on');
    }
    return stepKeysMax - this.#keysLeft;
  }

  /** Goes through a page; false where it is enough. */
  #look(rows: readonly KeyedRow[], visit: Visit): boolean {
    let seek: Buffer | undefined;
    let looked = 0;
    for (const { key, value } of rows) {
      if (seek !== undefined && key.compare(seek) < 0) continue;
      looked++;
      const verdict = this.#selection.examine(key);
      seek = verdict.seek;
      if (verdict.matches === 'no') continue;
      const goesOn = this.#visit(key, value, verdict.matches === 'yes', visit);
      if (goesOn === true) continue;
      this.#from = goesOn === 'again' ? key : (seek ?? behind(key));
      this.#pageRows = pageRowsMin;
      return false;
    }
    this.#from = seek ?? behind(rows[rows.length - 1].key);
    const isDense = looked * rowsPerSeek >= rows.length;
    this.#pageRows = isDense ? Math.min(this.#pageRows * 2, pageRowsMax) : pageRowsMin;
    return true;
  }

  #visit(key: Buffer, read: Buffer | undefined, certain: boolean, visit: Visit): boolean | 'again' {
    const value = read ?? this.#environment.get('retained', key);
    if (value === undefined) return true;
    this.#bytesLeft -= value.length;
    const message = this.#toMessage(key, value);
    if (message === undefined) return true;
    if (!certain && this.#filter !== undefined && !filterMatches(this.#filter, message.publication.topic)) return true;
    return visit(message);
  }

  #page(): readonly KeyedRow[] {
    const limit = Math.min(this.#pageRows, this.#keysLeft);
    const { end, isRange } = this.#selection;
    if (isRange) return this.#environment.readRange('retained', this.#from, end, limit, this.#bytesLeft);
    return this.#environment.readKeys('retained', this.#from, end, limit).map((key) => ({ key, value: undefined }));
  }
}

interface KeyedRow {
  readonly key: Buffer;
  /** Absent where it was not read along. */
  readonly value: Buffer | undefined;
}

function behind(key: Buffer): Buffer {
  return Buffer.concat([key, lowestByte]);
}

/** One topic, or a list of them, looked up as it is reached. */
export class TopicScan implements LogScan {
  readonly #topics: readonly string[];
  readonly #get: (topic: string) => RetainedMessage | undefined;
  #next = 0;

  constructor(topics: readonly string[], get: (topic: string) => RetainedMessage | undefined) {
    this.#topics = topics;
    this.#get = get;
  }

  get isDone(): boolean {
    return this.#next >= this.#topics.length;
  }

  fork(): TopicScan {
    const fork = new TopicScan(this.#topics, this.#get);
    fork.#next = this.#next;
    return fork;
  }

  read(visit: Visit): number {
    const first = this.#next;
    const end = Math.min(this.#topics.length, first + stepKeysMax);
    while (this.#next < end) {
      const message = this.#get(this.#topics[this.#next]);
      const goesOn = message === undefined || visit(message);
      if (goesOn === 'again') break;
      this.#next++;
      if (!goesOn) break;
    }
    return this.#next - first;
  }
}

/** Keys and bytes that one step reads, together about a millisecond of the main thread. */
const stepKeysMax = 250;
const stepBytesMax = 1024 * 1024;
/** A page grows while reading on pays, and is short where the scan jumps. */
const pageRowsMin = 4;
const pageRowsMax = 256;
/** To seek costs about as much as to read this many rows. */
const rowsPerSeek = 8;
const lowestByte = Buffer.from([0]);
