/** What is on disk of one message of a session. */
export interface StoredRow {
  /** The client has the message, or nobody will: the row goes, or is never written. */
  forget(): void;
  /** QoS 2: the client has the message, and its packet id stays taken until PUBCOMP. The message goes, the packet id stays. */
  release(): void;
}
