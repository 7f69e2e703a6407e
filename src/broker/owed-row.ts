import type { GroupCommit } from '../storage/group-commit.ts';
import type { BatchWriter, StagedWrite } from '../storage/staged-write.ts';
import { Outgoing } from './outgoing.ts';
import { owedKey } from './session-keys.ts';
import { encodeOwed, encodeOwedShared, leasedRow, releasedRow } from './session-record.ts';
import type { SessionRows } from './session-rows.ts';
import type { SharedBodies } from './shared-bodies.ts';
import type { StoredRow } from './stored-row.ts';

type Form = 'message' | 'released' | 'leased';

/** One message of one session on disk. What its row looks like is decided when its batch closes. */
export class OwedRow implements StagedWrite, StoredRow {
  readonly #rows: SessionRows;
  readonly #commit: GroupCommit;
  readonly #bodies: SharedBodies;
  readonly #outgoing: Outgoing;
  #form: Form;
  #isStaged = false;
  #isWritten = false;
  #isGone = false;
  #body = 0;

  constructor(rows: SessionRows, commit: GroupCommit, bodies: SharedBodies, outgoing: Outgoing) {
    this.#rows = rows;
    this.#commit = commit;
    this.#bodies = bodies;
    this.#outgoing = outgoing;
    this.#form = outgoing.delivery !== undefined ? 'leased' : outgoing.released ? 'released' : 'message';
  }

  /** A row that is there already. */
  static stored(
    rows: SessionRows,
    commit: GroupCommit,
    bodies: SharedBodies,
    outgoing: Outgoing,
    body: number,
  ): OwedRow {
    const row = new OwedRow(rows, commit, bodies, outgoing);
    row.#isWritten = true;
    row.#body = body;
    return row;
  }

  /** To be written with the open batch. */
  stage(): void {
    const { stored } = this.#rows.session;
    if (stored !== undefined) {
      stored.messages++;
      stored.bytes += this.#bytes;
      this.#countShared(1);
    }
    if (this.#form === 'message') this.#outgoing.publication.storedRows++;
    this.#write(this.#form === 'message' ? this.#bytes : 0);
  }

  forget(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    const { stored } = this.#rows.session;
    if (stored !== undefined) {
      stored.messages--;
      stored.bytes -= this.#bytes;
      this.#countShared(-1);
    }
    if (!this.#isWritten && this.#form === 'message') this.#outgoing.publication.storedRows--;
    if (this.#isWritten) this.#write(0);
  }

  release(): void {
    if (this.#isGone || this.#form !== 'message') return;
    if (!this.#isWritten) this.#outgoing.publication.storedRows--;
    this.#countShared(-1);
    const { stored } = this.#rows.session;
    if (stored !== undefined) stored.bytes -= this.#bytes - packetIdBytes;
    this.#form = 'released';
    this.#write(0);
  }

  write(batch: BatchWriter): void {
    this.#isStaged = false;
    // The sweeper removes what is there. Only what others of a group are to get is written, for the sweeper to find.
    if (this.#rows.hasEnded && this.#outgoing.group === undefined) return;
    const key = owedKey(this.#rows.number, this.#outgoing.sequence);
    if (this.#isGone || this.#form === 'released') this.#dropBody(batch);
    if (!this.#isGone) batch.put('session-messages', key, this.#value(batch));
    else if (this.#isWritten) batch.remove('session-messages', key);
    else return;
    this.#isWritten = !this.#isGone;
    this.#rows.moved(batch);
  }

  /** What the limits of the session count. The same whether the row was made on this connection or read on a later one. */
  get #bytes(): number {
    return this.#form === 'message' ? this.#outgoing.publication.size : packetIdBytes;
  }

  #countShared(by: number): void {
    const { stored } = this.#rows.session;
    if (stored !== undefined && this.#form === 'message' && this.#outgoing.group !== undefined) stored.shared += by;
  }

  #write(bytes: number): void {
    if (this.#isStaged) return;
    this.#isStaged = true;
    this.#commit.stage(this, bytes);
  }

  #value(batch: BatchWriter): Buffer {
    if (this.#form === 'leased') return leasedRow;
    if (this.#form === 'released') return releasedRow;
    const { publication } = this.#outgoing;
    if (!this.#bodies.isWorth(publication)) return encodeOwed(this.#outgoing);
    this.#body = this.#bodies.add(batch, publication);
    return encodeOwedShared(this.#outgoing, this.#body);
  }

  #dropBody(batch: BatchWriter): void {
    if (this.#body === 0) return;
    this.#bodies.drop(batch, this.#body);
    this.#body = 0;
  }
}

/** A packet id without a message. */
const packetIdBytes = Outgoing.releasing().publication.size;
