import type { ProtocolVersion } from './packets.ts';

/** Reason codes with which a receiver answers bytes that it cannot accept, MQTT 5 section 2.4. */
export const Refusal = {
  malformedPacket: 0x81,
  protocolError: 0x82,
  unsupportedProtocolVersion: 0x84,
  clientIdentifierNotValid: 0x85,
  topicAliasInvalid: 0x94,
  packetTooLarge: 0x95,
} as const;

/** Bytes that are no packet. `reasonCode` is what MQTT 5 answers with; on 3.1.1 the connection is just closed. */
export class MalformedPacket extends Error {
  readonly reasonCode: number;
  /** The message without the clause. */
  readonly sentence: string;
  /** The rule that was broken: a statement such as `MQTT-3.1.2-3`, or a section. */
  readonly clause: string;

  constructor(reasonCode: number, sentence: string, clause: string) {
    super(`${sentence} [${clause}]`);
    this.name = 'MalformedPacket';
    this.reasonCode = reasonCode;
    this.sentence = sentence;
    this.clause = clause;
  }
}

/** A CONNECT that is answered with a CONNACK of `version` before the connection ends. */
export class RefusedConnect extends MalformedPacket {
  readonly version: ProtocolVersion;

  constructor(reasonCode: number, sentence: string, clause: string, version: ProtocolVersion) {
    super(reasonCode, sentence, clause);
    this.version = version;
  }
}

/** A way to refuse bytes: with the reason code that it stands for. */
export type Refuse = (packet: string, expected: string, met: string | number, clause: string) => MalformedPacket;

/** Bytes that cannot be parsed: 0x81. */
export function malformed(packet: string, expected: string, met: string | number, clause: string): MalformedPacket {
  return new MalformedPacket(Refusal.malformedPacket, mismatch(packet, expected, met), clause);
}

/** Bytes that can be parsed and say what the protocol does not allow: 0x82. */
export function protocolError(packet: string, expected: string, met: string | number, clause: string): MalformedPacket {
  return new MalformedPacket(Refusal.protocolError, mismatch(packet, expected, met), clause);
}

/** A client identifier that no client may have: 0x85. */
export function clientIdentifierNotValid(
  packet: string,
  expected: string,
  met: string | number,
  clause: string,
): MalformedPacket {
  return new MalformedPacket(Refusal.clientIdentifierNotValid, mismatch(packet, expected, met), clause);
}

/** The sentence that every refusal is made of. */
export function mismatch(packet: string, expected: string, met: string | number): string {
  return `Cannot read ${packet}: expected ${expected}, met ${met}`;
}

export function hex(byte: number): string {
  return `0x${byte.toString(16).padStart(2, '0')}`;
}
