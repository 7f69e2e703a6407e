import { decodeMessage, encodeMessage, type Message, type ReceiptWaiter } from '../message.ts';
import type { Environment } from '../storage/environment.ts';
import type { GroupCommit } from '../storage/group-commit.ts';
import type { BatchWriter, StagedWrite } from '../storage/staged-write.ts';
import type { Publication } from './publication.ts';
import { bodyKey, bodyOf } from './session-keys.ts';

/**
 * Messages that several sessions owe are stored once: their rows name a body, and the body counts its rows. Counts that
 * changed are kept in memory until they are flushed, since what is read from disk does not know of them before.
 */
export class SharedBodies {
  readonly #environment: Environment;
  readonly #commit: GroupCommit;
  readonly #counts = new Map<number, BodyCount>();
  #lastBody: number | undefined;

  constructor(environment: Environment, commit: GroupCommit) {
    this.#environment = environment;
    this.#commit = commit;
  }

  /** Whether storing the message once costs less than storing it with each of its rows. */
  isWorth(publication: Publication): boolean {
    return publication.storedBody > 0 || (publication.storedRows - 1) * publication.payloadBytes >= savedBytesMin;
  }

  /** One more row names the body of the publication, which is written with the first. Answers its number. */
  add(batch: BatchWriter, publication: Publication): number {
    if (publication.storedBody === 0 || this.#valueOf(publication.storedBody) === 0) {
      publication.storedBody = this.#nextBody();
      batch.put('session-bodies', bodyKey(publication.storedBody), encodeMessage(publication));
      this.#counts.set(publication.storedBody, new BodyCount(publication.storedBody, 0, this.#counts));
    }
    this.#count(publication.storedBody).change(batch, 1);
    return publication.storedBody;
  }

  /** One row less names it; with the last one the body goes. */
  drop(batch: BatchWriter, body: number): void {
    this.#count(body).change(batch, -1);
  }

  /** As `drop`, outside a batch that is closing. */
  dropSoon(body: number): void {
    this.#commit.stage({ write: (batch) => this.drop(batch, body) });
  }

  /** Throws where there is no such body. */
  read(body: number): Message {
    const record = this.#environment.get('session-bodies', bodyKey(body));
    if (record === undefined) throw new Error(`Cannot read message: its body ${body} is missing`);
    return decodeMessage(record);
  }

  #count(body: number): BodyCount {
    let count = this.#counts.get(body);
    if (count === undefined) {
      count = new BodyCount(body, this.#valueOf(body), this.#counts);
      this.#counts.set(body, count);
    }
    return count;
  }

  #valueOf(body: number): number {
    const count = this.#counts.get(body);
    if (count !== undefined) return count.value;
    return this.#environment.get('session-body-counts', bodyKey(body))?.readUInt32BE(0) ?? 0;
  }

  #nextBody(): number {
    if (this.#lastBody === undefined) {
      const last = this.#environment.lastKey('session-bodies');
      this.#lastBody = last === undefined ? 0 : bodyOf(last);
    }
    return ++this.#lastBody;
  }
}

/** How many rows name a body. Stays in `counts` until it is flushed as it is. */
class BodyCount implements StagedWrite, ReceiptWaiter {
  value: number;
  readonly #body: number;
  readonly #counts: Map<number, BodyCount>;
  #isStaged = false;
  #unflushed = 0;

  constructor(body: number, value: number, counts: Map<number, BodyCount>) {
    this.#body = body;
    this.value = value;
    this.#counts = counts;
  }

  change(batch: BatchWriter, by: number): void {
    this.value += by;
    if (this.#isStaged) return;
    this.#isStaged = true;
    batch.stage(this);
  }

  write(batch: BatchWriter): void {
    this.#isStaged = false;
    const key = bodyKey(this.#body);
    if (this.value > 0) {
      const record = Buffer.allocUnsafe(4);
      record.writeUInt32BE(this.value);
      batch.put('session-body-counts', key, record);
    } else {
      batch.remove('session-body-counts', key);
      batch.remove('session-bodies', key);
    }
    this.#unflushed++;
    batch.wait(this, 0);
  }

  receipt(): void {
    if (--this.#unflushed === 0 && !this.#isStaged && this.#counts.get(this.#body) === this)
      this.#counts.delete(this.#body);
  }
}

/** Below it the extra rows for body and count cost more than they save. */
const savedBytesMin = 1_024;
