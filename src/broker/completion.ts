import type { SluiceError } from '../errors.ts';
import type { ReceiptWaiter } from '../message.ts';
import { encodeAck } from '../mqtt/codec/encode-ack.ts';
import { PacketType } from '../mqtt/codec/packets.ts';
import type { Session, SessionLink } from './session.ts';
import type { SessionLog } from './session-log.ts';

/** What the completions of a connection need of it. */
export interface CompletedLink extends SessionLink {
  readonly phase: string;
  readonly session: Session;
  readonly counters: { answersOut: number };
  /** It does not count against the Receive Maximum any more. */
  release(packetId: number): void;
  closeUnacknowledged(failure: SluiceError): void;
}

/**
 * The second half of QoS 2, both ways: PUBREL and PUBCOMP say that a packet id is done with, and leave when that is on disk,
 * so that no crash can bring it back.
 */
export class Completion implements ReceiptWaiter {
  readonly #link: CompletedLink;
  readonly #log: SessionLog;

  constructor(link: CompletedLink, log: SessionLog) {
    this.#link = link;
    this.#log = log;
  }

  /** The client will not send the message again: its packet id is free [MQTT-4.3.3-11]. */
  released(packetId: number): void {
    const { session } = this.#link;
    this.#link.release(packetId);
    const isKnown = session.received.delete(packetId);
    const isStored = isKnown && session.stored !== undefined;
    if (isStored) this.#log.received.remove(session, packetId);
    // Without 0x92 where it was done with before: clients that come back take that for a failure. And after PUBCOMP the client
    // gives the packet id to another message, which must not be taken for this one.
    this.whenStored(PacketType.pubcomp, packetId, isStored);
  }

  /** Sends it from the receipt of what is staged so far, or at once where nothing is. */
  whenStored(type: typeof PacketType.pubrel | typeof PacketType.pubcomp, packetId: number, isStored: boolean): void {
    const tag = type === PacketType.pubrel ? packetId | pubrelTag : packetId;
    if (isStored) this.#log.wait(this, tag);
    else this.receipt(tag, undefined);
  }

  receipt(tag: number, failure: SluiceError | undefined): void {
    if (this.#link.phase !== 'connected') return;
    if (failure !== undefined) {
      this.#link.closeUnacknowledged(failure);
      return;
    }
    const type = (tag & pubrelTag) === 0 ? PacketType.pubcomp : PacketType.pubrel;
    this.#link.counters.answersOut++;
    encodeAck(this.#link.transport, type, tag & 0xffff, 0, this.#link.version);
  }
}

const pubrelTag = 0x10000;
