import { errorCatalogue, type SluiceError } from '../errors.ts';
import type { ChildDevice, HoldCause, QoS, ReceiptWaiter } from '../message.ts';
import { ackBytes, encodeAck } from '../mqtt/codec/encode-ack.ts';
import { PacketType, type ReasonProperties } from '../mqtt/codec/packets.ts';
import { LazyMap } from '../std/lazy-map.ts';
import type { ReceivedMessage } from './received-message.ts';
import type { Session, SessionLink } from './session.ts';

/** What an acknowledger needs of its connection. */
export interface AcknowledgedLink extends SessionLink {
  readonly session: Session;
  readonly counters: { answersOut: number };
  /** PUBREC leaves: the message counts against the Receive Maximum until it is released. */
  awaitRelease(packetId: number): void;
  /** Is not read until it is let go. */
  hold(cause: HoldCause): void;
  unhold(): void;
  /** Whether the client wants reason strings (Request Problem Information). */
  readonly problemInformation: boolean;
  /** The client may send a QoS 2 message under this packet id again: it does not count as received. */
  forgetReceived(packetId: number): void;
  /** Counts and logs it. */
  publishRefused(refusal: SluiceError): void;
  mayPublish(topic: string, child?: ChildDevice): boolean;
  readonly completion: { released(packetId: number): void };
  /** MQTT 3.1.1 has no way to refuse: the connection ends without the acknowledgement, so that the client sends again. */
  closeUnacknowledged(failure: SluiceError): void;
}

/**
 * Turns receipts into PUBACK and PUBREC: the only file that sends them. They leave in the order in which the PUBLISH
 * packets came [MQTT-4.6.0-2], each not before everything that the message was admitted to has answered.
 *
 * A ring of slots, addressed by tag; no object per message, and nothing for a client that publishes none.
 */
export class Acknowledger implements ReceiptWaiter {
  readonly #link: AcknowledgedLink;
  /** Two words a slot: what `packed` makes, and how many receipts are due. */
  #slots = noSlots;
  /** Failures and outcomes are rare: kept by tag, beside the ring. */
  readonly #failures = new LazyMap<number, SluiceError>();
  readonly #outcomes = new LazyMap<number, string>();
  /** Messages that wait for room in a queue. */
  readonly #held = new LazyMap<number, true>();
  /** How many PUBRECs are due, by packet id: a flood of PUBRELs must not look through all slots for each. */
  readonly #pubrecsDue = new LazyMap<number, number>();
  /** Packet ids of the slots that are not of a message: one for each, however often PUBREL comes. */
  readonly #releases = new LazyMap<number, true>();
  /** The QoS 2 messages that were under way when the connection went: their packet ids may be of others by now. */
  readonly #left = new LazyMap<number, ReceivedMessage>();
  #head = 0;
  #tail = 0;
  #closed = false;
  #whenIdle: (() => void) | undefined;

  constructor(link: AcknowledgedLink) {
    this.#link = link;
  }

  /** In MQTT 3.1.1 a refusal that says "later" ends the connection. */
  get patient(): boolean {
    return this.#link.version === 4;
  }

  /** Messages that are not acknowledged yet. */
  get pending(): number {
    return this.#tail - this.#head - this.#releases.size;
  }

  /**
   * Opens a slot for a PUBLISH of QoS 1 or 2. `expect` must follow in the same turn. `reasonCode`: what PUBACK says when all
   * went well, below 0x80.
   */
  open(packetId: number, qos: QoS | typeof release, reasonCode = 0): number {
    if ((this.#tail - this.#head) * slotWords === this.#slots.length) this.#grow();
    const at = this.#at(this.#tail);
    this.#slots[at] = packed(packetId, qos, reasonCode);
    this.#slots[at + receiptsDue] = notKnown;
    if (qos === 2) this.#pubrecsDue.set(packetId, (this.#pubrecsDue.get(packetId) ?? 0) + 1);
    return this.#tail++;
  }

  /** Says how many receipts the message waits for. Receipts that came already (in the same turn) are taken off. */
  expect(tag: number, receipts: number): void {
    const at = this.#at(tag) + receiptsDue;
    const early = notKnown - this.#slots[at];
    this.#slots[at] = receipts - early;
    if (receipts === early) this.#advance();
  }

  /** A message that was refused before anything was offered. */
  refuse(tag: number, failure: SluiceError): void {
    this.#failures.set(tag, failure);
    this.expect(tag, 0);
  }

  receipt(tag: number, failure: SluiceError | undefined, outcome?: string): void {
    if (failure !== undefined) this.#failures.set(tag, failure);
    if (outcome !== undefined) this.#outcomes.set(tag, outcome);
    if (this.#held.size > 0) this.#letGo(tag);
    if (--this.#slots[this.#at(tag) + receiptsDue] === 0) this.#advance();
  }

  held(tag: number, cause: HoldCause): void {
    if (this.#closed) return;
    if (this.#held.size === 0) this.#link.hold(cause);
    this.#held.set(tag, true);
  }

  failed(tag: number): boolean {
    return this.#failures.size > 0 && this.#failures.has(tag);
  }

  mayPublish(topic: string, child?: ChildDevice): boolean {
    return this.#link.mayPublish(topic, child);
  }

  /** PUBREC once more, for a PUBLISH that came again: when its message is safe, which may be now. */
  repeat(packetId: number, message: ReceivedMessage): void {
    const tag = this.open(packetId, 2);
    this.expect(tag, message.follow(this, tag) ? 1 : 0);
  }

  /** PUBREL for a message whose PUBREC is yet to leave: it counts behind that. False where none is due. */
  releasedEarly(packetId: number): boolean {
    if (this.#releases.has(packetId)) return true;
    if (!this.#pubrecsDue.has(packetId)) return false;
    this.#releases.set(packetId, true);
    this.expect(this.open(packetId, release), 0);
    return true;
  }

  /** Whether a PUBREL for it is still to be answered. */
  isReleasing(packetId: number): boolean {
    return this.#releases.size > 0 && this.#releases.has(packetId);
  }

  /** Calls back once nothing waits any more. One callback: a later one replaces it. */
  onceIdle(callback: () => void): void {
    this.#whenIdle = callback;
  }

  /** The connection is gone: nothing is sent any more. Receipts still tell what became of QoS 2 messages. */
  close(): void {
    this.#closed = true;
    for (const [packetId] of this.#pubrecsDue) {
      const received = this.#link.session.received.get(packetId);
      if (received !== undefined) this.#left.set(packetId, received);
    }
    this.#whenIdle = undefined;
  }

  #advance(): void {
    while (this.#head < this.#tail) {
      const at = this.#at(this.#head);
      if (this.#slots[at + receiptsDue] !== 0) break;
      const slot = this.#slots[at];
      this.#send(this.#head++, packetIdOf(slot), qosOf(slot), reasonCodeIn(slot));
    }
    if (this.#whenIdle !== undefined && this.#head === this.#tail) this.#idle();
  }

  #send(tag: number, packetId: number, qos: number, reasonCode: number): void {
    if (qos === release) {
      this.#releases.delete(packetId);
      if (!this.#closed) this.#link.completion.released(packetId);
      return;
    }
    const type = qos === 2 ? PacketType.pubrec : PacketType.puback;
    if (qos === 2) this.#countPubrec(packetId);
    if (this.#failures.size > 0 || this.#outcomes.size > 0) this.#sendDetailed(tag, type, packetId, reasonCode);
    else {
      if (!this.#closed) {
        this.#link.counters.answersOut++;
        encodeAck(this.#link.transport, type, packetId, reasonCode, this.#link.version);
      }
      // Behind it, since the PUBREC of a message that came again may follow at once.
      if (qos === 2) this.#stored(packetId, undefined);
    }
  }

  #countPubrec(packetId: number): void {
    const others = (this.#pubrecsDue.get(packetId) ?? 0) - 1;
    if (others > 0) this.#pubrecsDue.set(packetId, others);
    else this.#pubrecsDue.delete(packetId);
  }

  #sendDetailed(
    tag: number,
    type: typeof PacketType.puback | typeof PacketType.pubrec,
    packetId: number,
    reasonCode: number,
  ): void {
    const { transport, version } = this.#link;
    const failure = this.#failures.get(tag);
    const outcome = this.#outcomes.get(tag);
    this.#failures.delete(tag);
    this.#outcomes.delete(tag);
    if (failure !== undefined) this.#link.publishRefused(failure);
    const refused = failure !== undefined && (version === 5 || errorCatalogue[failure.code].retryable);
    const ends = refused && version === 4;
    if (!this.#closed && !ends) {
      this.#link.counters.answersOut++;
      const code = refused ? reasonCodeOf(failure) : reasonCode;
      encodeAck(transport, type, packetId, code, version, this.#properties(failure, outcome));
    }
    if (type === PacketType.pubrec) {
      if (refused) this.#refused(packetId, failure);
      else this.#stored(packetId, failure);
    }
    if (!this.#closed && ends) this.#link.closeUnacknowledged(failure);
  }

  /** A QoS 2 message is safe, or never can be, which 3.1.1 takes for the same. */
  #stored(packetId: number, failure: SluiceError | undefined): void {
    this.#receivedOf(packetId)?.store(failure);
    if (!this.#closed) this.#link.awaitRelease(packetId);
  }

  #refused(packetId: number, failure: SluiceError): void {
    const received = this.#receivedOf(packetId);
    received?.store(failure);
    if (this.#link.session.received.get(packetId) === received) this.#link.forgetReceived(packetId);
  }

  #receivedOf(packetId: number): ReceivedMessage | undefined {
    return this.#closed ? this.#left.get(packetId) : this.#link.session.received.get(packetId);
  }

  #properties(failure: SluiceError | undefined, outcome: string | undefined): ReasonProperties | undefined {
    if (!this.#link.problemInformation || this.#link.version === 4) return undefined;
    if (failure !== undefined) {
      const userProperties = [['sluice-code', failure.code]] as const;
      return this.#fitting(
        { reasonString: failure.message.slice(0, reasonStringMax), userProperties },
        { userProperties },
      );
    }
    return outcome === undefined ? undefined : this.#fitting({ userProperties: [['sluice-outcome', outcome]] });
  }

  /** The first with which the packet is no larger than the client takes [MQTT-3.4.2-2]; undefined where none is. */
  #fitting(...candidates: readonly ReasonProperties[]): ReasonProperties | undefined {
    return candidates.find((properties) => ackBytes(properties) <= this.#link.packetBytesMax);
  }

  #letGo(tag: number): void {
    if (this.#held.delete(tag) && this.#held.size === 0 && !this.#closed) this.#link.unhold();
  }

  #idle(): void {
    const callback = this.#whenIdle;
    this.#whenIdle = undefined;
    callback?.();
  }

  /** Where the slot of a tag stands. */
  #at(tag: number): number {
    return (tag * slotWords) & (this.#slots.length - 1);
  }

  #grow(): void {
    const slots = new Uint32Array(Math.max(slotsInitial * slotWords, this.#slots.length * 2));
    for (let tag = this.#head; tag < this.#tail; tag++) {
      const from = this.#at(tag);
      const to = (tag * slotWords) & (slots.length - 1);
      slots[to] = this.#slots[from];
      slots[to + receiptsDue] = this.#slots[from + receiptsDue];
    }
    this.#slots = slots;
  }
}

/** A PUBREL that came too early has a slot of its own, with this in the place of the QoS. */
const release = 3;
const slotWords = 2;
/** The word of a slot that says how many are due: as many as queues can match one topic. */
const receiptsDue = 1;
/** As much as V8 keeps in the object itself. */
const slotsInitial = 8;
const noSlots = new Uint32Array(0);

/** Bits 0 to 15 packet id, 16 and 17 QoS, 18 to 25 reason code. */
function packed(packetId: number, qos: number, reasonCode: number): number {
  return packetId | (qos << 16) | (reasonCode << 18);
}

function packetIdOf(slot: number): number {
  return slot & 0xffff;
}

function qosOf(slot: number): number {
  return (slot >> 16) & 0x03;
}

function reasonCodeIn(slot: number): number {
  return slot >> 18;
}

/** Stands in a slot between `open` and `expect`: the receipts that came early are counted down from it. */
const notKnown = 2 ** 32 - 1;
const reasonStringMax = 512;

/** Reason codes that PUBACK and PUBREC may carry, MQTT 5 table 3-4. */
const acknowledgeReasonCodes = new Set([0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99]);

function reasonCodeOf(failure: SluiceError): number {
  const code = errorCatalogue[failure.code].mqtt;
  // Packet too large, which only CONNACK and DISCONNECT may say [MQTT-3.4.2-1].
  if (code === 0x95) return 0x97;
  return acknowledgeReasonCodes.has(code) ? code : 0x80;
}
