import type { ClientCertificate, ListenerAccess } from '../access/access.ts';
import type { ByteSink } from '../std/bytes.ts';

/** The listener that a connection came through, as the broker sees it. */
export interface ListenerProfile {
  readonly access: ListenerAccess;
  /** Largest packet from clients of this listener, in bytes; absent: as the broker's limits say. */
  readonly packetBytesMax?: number;
  /** Where clients of this listener should go instead: CONNECT is answered with 0x9C or 0x9D and this Server Reference. */
  readonly redirect?: { readonly serverReference: string; readonly permanent: boolean };
}

/** Who is at the other end of a connection, as far as the network knows. */
export interface Peer {
  /** Without a port; what PROXY protocol told, where the listener speaks it. */
  readonly remoteAddress: string;
  readonly certificate: ClientCertificate | undefined;
  readonly listener: ListenerProfile;
}

/** What the broker sees of a socket. What one turn of the event loop writes leaves in one write at its end, or between two reads when the turn is long. */
export interface Transport extends ByteSink {
  readonly peer: Peer;
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
  /** The bytes hold during the call, and not until its microtasks: what is handled next writes over them. */
  receive(chunk: Buffer): void;
  /**
   * Where the next bytes are wanted, for who can read them to there; asked behind each `receive`, and what was said before no
   * longer counts then. `receive` gets the part of it that was filled, from its start.
   */
  room(): Buffer | undefined;
  /** Output that had waited is gone to the operating system. */
  drained(): void;
  /** Called once, whoever closed. */
  closed(): void;
}
