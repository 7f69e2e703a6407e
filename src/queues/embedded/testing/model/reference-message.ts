/** A message of the reference: what must be true of it, and nothing about how. */
export interface ReferenceMessage {
  readonly id: string;
  /** The first one in whose place it may stand: itself, unless it is the newer value of a key. */
  readonly place: string;
  /** Place in the order of arrival; undefined for one that moved or died here. */
  readonly order: number | undefined;
  /** Of its record; undefined for one that moved or died here, until its row is written. */
  bytes: number | undefined;
  /** Its priority, from 0. */
  readonly lane: number;
  /** When it was sent; what is not in order has another story. */
  readonly since: number;
  /** The key of its row, once that was written. */
  row: string | undefined;
  /** Whether the disk will have it. */
  isWritten: boolean;
  /** When its time is over; then it may go at any moment in which nobody holds it. */
  readonly expiresAt: number;
  /** In which it came, so that its row is written then. */
  readonly transaction: number;
  /** Whether a newer one of its key has come, where only the newest is kept: it is not given out any more, whatever becomes of that. */
  isSuperseded: boolean;
  attempts: number;
  availableAt: number;
  /** End of its lease, while somebody holds it. */
  deadline: number | undefined;
}
