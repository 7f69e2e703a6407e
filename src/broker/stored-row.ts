/** A message of a session on disk. */
export interface StoredRow {
  /** The client has the message, or nobody will: the row goes, or is never written. */
  forget(): void;
}
