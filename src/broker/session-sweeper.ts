import type { Environment } from '../storage/environment.ts';
import type { GroupCommit } from '../storage/group-commit.ts';
import type { TableName } from '../storage/tables.ts';
import { lastKey, owedKey, receivedKey, sessionKey } from './session-keys.ts';
import { sharedBodyOf } from './session-record.ts';
import type { SharedBodies } from './shared-bodies.ts';

/**
 * Removes what sessions that have ended leave on disk: a page of rows a batch, so that a session that owed a hundred
 * thousand messages holds up nobody.
 */
export class SessionSweeper {
  readonly #environment: Environment;
  readonly #commit: GroupCommit;
  readonly #bodies: SharedBodies;
  readonly #numbers: number[] = [];
  #isRunning = false;

  constructor(environment: Environment, commit: GroupCommit, bodies: SharedBodies) {
    this.#environment = environment;
    this.#commit = commit;
    this.#bodies = bodies;
  }

  sweep(number: number): void {
    this.#numbers.push(number);
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#commit.wait(this, 0);
  }

  /** Everything staged so far can be read now. After a failure of the storage nothing is removed any more. */
  receipt(_tag: number, failure: unknown): void {
    const number = this.#numbers[0];
    if (failure !== undefined || number === undefined) {
      this.#isRunning = false;
      return;
    }
    if (!this.#removePage(number)) {
      this.#numbers.shift();
      this.#commit.remove('session-positions', sessionKey(number));
      this.#commit.remove('sessions', sessionKey(number));
    }
    this.#commit.wait(this, 0);
  }

  /** False where nothing was left. */
  #removePage(number: number): boolean {
    const messages = this.#environment.readRange(
      'session-messages',
      owedKey(number, 0),
      endOf(number, 10),
      pageRows,
      pageBytesMax,
    );
    for (const { key, value } of messages) {
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
