/**
 * What a kept session owes on disk. The oldest of it may be in memory too, under way or waiting; from `readFrom` on it is on
 * disk alone, and new messages join it there until all of it was read.
 */
export class StoredLine {
  /** All that is owed, in memory or not: what the limits of the session count. */
  messages = 0;
  /** Of these, the ones that came through a shared subscription and are not released. */
  shared = 0;
  /** About what it takes in memory, in bytes. */
  bytes = 0;
  /** Messages up to this sequence are flushed: one of QoS 2 is not sent earlier. */
  flushedThrough = 0;
  /** Messages up to this sequence may have been sent on an earlier connection: they are sent with DUP. */
  sentThrough = 0;
  /** Packet ids up to this sequence may be held by the client without a message: they are released when they are read. */
  takenUpThrough = 0;
  /** Nothing is sent until everything from before the connection is flushed and can be read. */
  isTakenUp = true;
  /** How often the client went. */
  departures = 0;
  #onDiskAlone = 0;
  #readFrom = 0;
  #spilledThrough = 0;

  /** How many messages are on disk alone. */
  get onDiskAlone(): number {
    return this.#onDiskAlone;
  }

  get readFrom(): number {
    return this.#readFrom;
  }

  /** A new message stays on disk alone. */
  spill(sequence: number): void {
    if (this.#onDiskAlone === 0) this.#readFrom = sequence;
    this.#onDiskAlone++;
    this.#spilledThrough = sequence;
  }

  /** Messages up to this sequence are on disk: they were found there. */
  foundThrough(sequence: number): void {
    this.flushedThrough = Math.max(this.flushedThrough, sequence);
  }

  /** Up to this sequence everything was read, `messages` of it counted. */
  readThrough(sequence: number, messages: number): void {
    this.#readFrom = sequence + 1;
    this.#onDiskAlone = Math.max(0, this.#onDiskAlone - messages);
  }

  /** Nothing was found: unless more is yet to be flushed, nothing is left to read. */
  readNothing(): void {
    if (this.flushedThrough >= this.#spilledThrough) this.#onDiskAlone = 0;
  }

  /** The client is away: everything, up to `lastSequence`, is on disk alone, to be read from the beginning. */
  leave(sentThrough: number, lastSequence: number): void {
    this.sentThrough = Math.max(this.sentThrough, sentThrough);
    this.#onDiskAlone = this.messages;
    this.#readFrom = 0;
    this.#spilledThrough = lastSequence;
    this.isTakenUp = false;
    this.departures++;
  }
}
