import type { ByteSink } from '../std/bytes.ts';

/** What the broker sees of a socket. What one turn of the event loop writes leaves in one write at the end of the turn. */
export interface Transport extends ByteSink {
  readonly remoteAddress: string;
  /** Bytes written by the broker that the operating system has not taken yet. */
  readonly bufferedBytes: number;
  /** Stops reading: the peer's window fills, which is the back-pressure. */
  pause(): void;
  resume(): void;
  /** Sends what is written, then closes. A peer that does not read it is cut off after a bounded time. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
}

/** What a socket tells the broker. */
export interface TransportHandler {
  receive(chunk: Buffer): void;
  /** Output that had waited is gone to the operating system. */
  drained(): void;
  /** Called once, whoever closed. */
  closed(): void;
}
