/*
 * The frames of RFC 6455, section 5.2:
 *
 *   FIN 1 bit, RSV 3 bits, opcode 4 bits | MASK 1 bit, length 7 bits | length 2 bytes (126) or 8 bytes (127) | mask 4 bytes | payload
 */

/** What a frame means, beside the bytes that it carries. */
const Opcode = { continuation: 0x0, text: 0x1, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa } as const;

/** Status codes of a close frame: RFC 6455, section 7.4.1. */
export const CloseCode = { normal: 1000, protocolError: 1002, unsupportedData: 1003 } as const;

const headerBytesMax = 14;
/** The most that a control frame carries [RFC 6455, section 5.5]. */
const controlBytesMax = 125;

export interface WebSocketHandler {
  /** Bytes of the stream that binary messages carry. A message comes in pieces, as it arrives. */
  data(bytes: Buffer): void;
  ping(payload: Buffer): void;
  /** The client closes, or must be closed because of what it sent. Nothing comes after this. */
  close(code: number, reason: string): void;
}

/**
 * Finds frames in bytes that arrive in chunks of any size, and hands out what binary ones carry at once: no message is
 * gathered, however long it says that it is. Where messages and frames begin and end means nothing to MQTT [MQTT-6.0.0-2].
 */
export class WebSocketFrames {
  readonly #handler: WebSocketHandler;
  /** What has come of a header that did not arrive whole. */
  #header: Buffer = nothing;
  #opcode = 0;
  #isLast = true;
  /** Payload bytes of the frame that have not arrived; none between frames. */
  #due = 0;
  /** Four bytes, the next one to use in front. */
  #mask = 0;
  #inMessage = false;
  #control: Buffer = nothing;
  #closed = false;

  constructor(handler: WebSocketHandler) {
    this.#handler = handler;
  }

  /** Takes the payload's mask off in place: the chunk is the caller's no more. */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.#closed) {
      if (this.#due > 0) at = this.#payload(chunk, at);
      else if (this.#header.length === 0) at = this.#head(chunk, at);
      else at = this.#restOfHead(chunk, at);
    }
  }

  /** Reads a header that begins at `start`; answers the position behind it, or keeps what is there of it. */
  #head(bytes: Buffer, start: number): number {
    const first = bytes[start];
    const second = start + 1 < bytes.length ? bytes[start + 1] : undefined;
    const problem = this.#problem(first, second);
    if (problem !== undefined) {
      this.#fail(...problem);
      return bytes.length;
    }
    const end = start + (second === undefined ? headerBytesMax : headerBytes(second));
    if (end > bytes.length) {
      this.#header = Buffer.from(bytes.subarray(start));
      return bytes.length;
    }
    this.#begin(bytes, start, end);
    return end;
  }

  /** One byte more of a header that came in parts: it is rare enough to be looked at as often as it grows. */
  #restOfHead(chunk: Buffer, at: number): number {
    const header = Buffer.concat([this.#header, chunk.subarray(at, at + 1)]);
    this.#header = nothing;
    this.#head(header, 0);
    return at + 1;
  }

  /** What is wrong with the first two bytes, or with the first alone. */
  #problem(first: number, second: number | undefined): Problem | undefined {
    const opcode = first & 0x0f;
    if ((first & 0x70) !== 0) return [CloseCode.protocolError, 'No extension was agreed on'];
    if (opcode === Opcode.text) return [CloseCode.unsupportedData, 'Send MQTT in binary frames [MQTT-6.0.0-1]'];
    if (!opcodes.has(opcode)) return [CloseCode.protocolError, `No frame has opcode ${opcode}`];
    if (opcode === Opcode.continuation && !this.#inMessage) return [CloseCode.protocolError, 'Nothing is continued'];
    if (opcode === Opcode.binary && this.#inMessage) return [CloseCode.protocolError, 'A message is not complete'];
    if (opcode >= Opcode.close && first < 0x80) return [CloseCode.protocolError, 'A control frame is never in parts'];
    if (second === undefined) return undefined;
    if (second < 0x80) return [CloseCode.protocolError, 'A client masks its frames'];
    if (opcode >= Opcode.close && (second & 0x7f) > controlBytesMax) {
      return [CloseCode.protocolError, `A control frame carries at most ${controlBytesMax} bytes`];
    }
    return undefined;
  }

  #begin(header: Buffer, start: number, end: number): void {
    const length = payloadLength(header, start);
    if (length < 0) {
      this.#fail(CloseCode.protocolError, 'A length takes as few bytes as possible, and at most 53 bits');
      return;
    }
    this.#opcode = header[start] & 0x0f;
    this.#isLast = header[start] >= 0x80;
    this.#mask = header.readInt32BE(end - maskBytes);
    this.#due = length;
    if (length === 0) this.#end();
  }

  #payload(chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + this.#due);
    unmask(chunk, at, end, this.#mask);
    const turned = 8 * ((end - at) & 3);
    if (turned > 0) this.#mask = (this.#mask << turned) | (this.#mask >>> (32 - turned));
    this.#due -= end - at;
    const bytes = chunk.subarray(at, end);
    if (this.#opcode >= Opcode.close) this.#control = Buffer.concat([this.#control, bytes]);
    else this.#handler.data(bytes);
    if (this.#due === 0) this.#end();
    return end;
  }

  #end(): void {
    if (this.#opcode < Opcode.close) {
      this.#inMessage = !this.#isLast;
      return;
    }
    const payload = this.#control;
    this.#control = nothing;
    if (this.#opcode === Opcode.ping) this.#handler.ping(payload);
    else if (this.#opcode === Opcode.close) this.#fail(...closing(payload));
  }

  #fail(code: number, reason: string): void {
    this.#closed = true;
    this.#handler.close(code, reason);
  }
}

const nothing: Buffer = Buffer.alloc(0);
const maskBytes = 4;
const opcodes: ReadonlySet<number> = new Set(Object.values(Opcode));

type Problem = readonly [code: number, reason: string];

/** What a client's close frame is answered with. */
function closing(payload: Buffer): Problem {
  if (payload.length === 0) return [CloseCode.normal, 'The client closed'];
  const code = payload.length === 1 ? 0 : payload.readUInt16BE(0);
  const isKnown = (code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006) || isOwn(code);
  if (!isKnown) return [CloseCode.protocolError, `No client closes with ${code}`];
  return [code, `The client closed with ${code}`];
}

/** Codes for libraries, and for the two sides to agree on. */
function isOwn(code: number): boolean {
  return code >= 3000 && code <= 4999;
}

/** Of a header whose second byte this is. */
function headerBytes(second: number): number {
  const length = second & 0x7f;
  return 2 + (length === 126 ? 2 : length === 127 ? 8 : 0) + maskBytes;
}

/** -1 where it is written in more bytes than it needs, or is more than can be counted. */
function payloadLength(header: Buffer, start: number): number {
  const short = header[start + 1] & 0x7f;
  if (short < 126) return short;
  if (short === 126) {
    const length = header.readUInt16BE(start + 2);
    return length < 126 ? -1 : length;
  }
  const length = Number(header.readBigUInt64BE(start + 2));
  return length <= 0xffff || length > Number.MAX_SAFE_INTEGER ? -1 : length;
}

function unmask(bytes: Buffer, start: number, end: number, mask: number): void {
  const [first, second, third, fourth] = [mask >>> 24, (mask >>> 16) & 0xff, (mask >>> 8) & 0xff, mask & 0xff];
  let at = start;
  for (; at + 3 < end; at += 4) {
    bytes[at] ^= first;
    bytes[at + 1] ^= second;
    bytes[at + 2] ^= third;
    bytes[at + 3] ^= fourth;
  }
  if (at < end) bytes[at] ^= first;
  if (at + 1 < end) bytes[at + 1] ^= second;
  if (at + 2 < end) bytes[at + 2] ^= third;
}

/** The header of a binary frame of a server: whole, and not masked. */
export function binaryFrameHeader(length: number): Buffer {
  return frameHeader(Opcode.binary, length);
}

export function pongFrame(payload: Buffer): Buffer {
  return Buffer.concat([frameHeader(Opcode.pong, payload.length), payload]);
}

export function closeFrame(code: number): Buffer {
  const frame = Buffer.alloc(4);
  frameHeader(Opcode.close, 2).copy(frame);
  frame.writeUInt16BE(code, 2);
  return frame;
}

function frameHeader(opcode: number, length: number): Buffer {
  const header = Buffer.alloc(length < 126 ? 2 : length <= 0xffff ? 4 : 10);
  header[0] = 0x80 | opcode;
  header[1] = length < 126 ? length : length <= 0xffff ? 126 : 127;
  if (header.length === 4) header.writeUInt16BE(length, 2);
  if (header.length === 10) header.writeBigUInt64BE(BigInt(length), 2);
  return header;
}
