import type { Environment } from '../storage/environment.ts';
import type { GroupCommit } from '../storage/group-commit.ts';
import type { TableName } from '../storage/tables.ts';
import { lastKey, owedKey, receivedKey, sequenceOf, sessionKey } from './session-keys.ts';
import { isOfGroup, sharedBodyOf } from './session-record.ts';
import type { SharedBodies } from './shared-bodies.ts';

interface Ended {
  readonly number: number;
  readonly sentThrough: number;
  /** Whether everything that was staged before its end can be read. */
  isFlushed: boolean;
}

/** What an ended session owed through a shared subscription, and whether it may have been sent. */
export type LeftRow = (value: Buffer, sequence: number, isSent: boolean) => void;

/**
 * Removes what sessions that have ended leave on disk: a page of rows a batch, so that a session that owed a hundred
 * thousand messages holds up nobody. What came through a shared subscription is given to others first, in the same commit.
 */
export class SessionSweeper {
  readonly #environment: Environment;
  readonly #commit: GroupCommit;
  readonly #bodies: SharedBodies;
  readonly #onLeft: LeftRow;
  readonly #ended: Ended[] = [];
  #isRunning = false;

  constructor(environment: Environment, commit: GroupCommit, bodies: SharedBodies, onLeft: LeftRow) {
    this.#environment = environment;
    this.#commit = commit;
    this.#bodies = bodies;
    this.#onLeft = onLeft;
  }

  /** `sentThrough`: the last sequence that may have been sent. */
  sweep(number: number, sentThrough: number): void {
    this.#ended.push({ number, sentThrough, isFlushed: false });
    if (!this.#isRunning) this.#goOn();
  }

  /** Everything staged so far can be read now. After a failure of the storage nothing is removed any more. */
  receipt(_tag: number, failure: unknown): void {
    const ended = this.#ended[0];
    if (failure !== undefined || ended === undefined) {
      this.#isRunning = false;
      return;
    }
    if (ended.isFlushed && !this.#removePage(ended)) {
      this.#ended.shift();
      this.#commit.remove('session-positions', sessionKey(ended.number));
      this.#commit.remove('sessions', sessionKey(ended.number));
    }
    this.#goOn();
  }

  #goOn(): void {
    this.#isRunning = true;
    for (const ended of this.#ended) ended.isFlushed = true;
    this.#commit.wait(this, 0);
  }

  /** False where nothing was left. */
  #removePage({ number, sentThrough }: Ended): boolean {
    const messages = this.#environment.readRange(
      'session-messages',
      owedKey(number, 0),
      endOf(number, 10),
      pageRows,
      pageBytesMax,
    );
    for (const { key, value } of messages) {
      const sequence = sequenceOf(key);
      if (isOfGroup(value)) this.#onLeft(value, sequence, sequence <= sentThrough);
      const body = sharedBodyOf(value);
      if (body > 0) this.#bodies.dropSoon(body);
      this.#commit.remove('session-messages', key);
    }
    const received = this.#removeKeys('session-received', receivedKey(number, 0), endOf(number, 6));
    return messages.length + received > 0;
  }

  #removeKeys(table: TableName, from: Buffer, to: Buffer): number {
    const keys = this.#environment.readKeys(table, from, to, pageRows);
    for (const key of keys) this.#commit.remove(table, key);
    return keys.length;
  }
}

/** Behind every key of this session. */
function endOf(number: number, bytes: number): Buffer {
  return number === 0xffff_ffff ? lastKey : Buffer.concat([sessionKey(number + 1), Buffer.alloc(bytes - 4)]);
}

const pageRows = 1_000;
const pageBytesMax = 4 * 1024 * 1024;
