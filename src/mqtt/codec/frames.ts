import { SluiceError } from '../../errors.ts';
import { checkType } from './fixed-header.ts';
import { GatherBudget } from './gather-budget.ts';
import { MalformedPacket, malformed, mismatch, Refusal } from './malformed.ts';

export interface FrameHandler {
  /**
   * One whole packet: its first byte, and its body in `buffer` from `bodyStart` up to `bodyEnd`. The bytes hold during the
   * call. False stops the reader: the rest, and all that comes later, is dropped.
   */
  frame(buffer: Buffer, firstByte: number, bodyStart: number, bodyEnd: number): boolean;
}

/** Less than what is read at once is copied: to read it by itself would be one more call. */
const roomBytesMin = 64 * 1024;

/** First byte and four bytes of remaining length: section 2.1. */
const headerBytesMax = 5;

/** A packet that came in part, and for which no memory may be set aside now. */
export class UngatheredPacket extends SluiceError {
  /** Its first bytes, enough to see which protocol a CONNECT is of. */
  readonly beginning: Buffer;

  constructor(beginning: Buffer, bytesMax: number) {
    super(
      'quota_exceeded',
      `Send the packet again later: ${bytesMax} bytes are set aside for packets that have come in part, the most that may be`,
      { detail: { limit: 'mqtt.packetsBytesMax' } },
    );
    this.beginning = beginning;
  }
}

/** Fixed header, protocol name and version of a CONNECT: MQTT 3.1 has the longer name. */
const beginningBytes = headerBytesMax + 2 + 'MQIsdp'.length + 1;

/**
 * Finds packets in bytes that arrive in chunks of any size. A packet that lies wholly in a chunk is handed out in place.
 * One that spans chunks is gathered in memory that grows with what really arrived, whatever its header announces.
 */
export class FrameReader {
  /** The largest whole packet that is accepted, in bytes. Holds from the next packet on. */
  packetBytesMax: number;
  /** Lends memory whenever some is needed from now on. */
  budget: GatherBudget;
  readonly #handler: FrameHandler;
  /** What `#gathered` is lent by. */
  #lender: GatherBudget;
  #gathered: Buffer = nothing;
  #filled = 0;
  /** Whether somebody was told to read into what is gathered. */
  #isReadInto = false;
  #stopped = false;

  constructor(handler: FrameHandler, packetBytesMax: number, budget = new GatherBudget()) {
    this.#handler = handler;
    this.budget = budget;
    this.#lender = budget;
    this.packetBytesMax = packetBytesMax;
  }

  /** Bytes of a packet that has not arrived whole. */
  get buffered(): number {
    return this.#filled;
  }

  /**
   * Hands out every packet that is now whole, and keeps nothing of the chunk. Throws MalformedPacket for a header that is none (0x81, 0x82) or announces more
   * than `packetBytesMax` (0x95), UngatheredPacket, and what the handler throws; in either case the reader has stopped.
   */
  push(chunk: Buffer): void {
    if (this.#stopped) return;
    this.#stopped = true;
    try {
      const start = this.#filled === 0 ? 0 : this.#complete(chunk);
      this.#stopped = start < 0 || !this.#takeAll(chunk, start);
    } finally {
      if (this.#stopped) this.#forget();
    }
  }

  /**
   * Where the rest of the packet that is being gathered belongs, so that it need not be copied there: the next chunk may be the
   * beginning of it. Undefined while nothing is gathered, and where it is shorter than a read.
   */
  room(): Buffer | undefined {
    if (this.#filled < headerBytesMax) return undefined;
    const gathered = this.#gathered;
    const packetEnd = bodyStartOf(gathered, 0, this.#filled) + remainingLengthOf(gathered, 0);
    const end = Math.min(packetEnd, gathered.length);
    if (end - this.#filled < roomBytesMin) return undefined;
    this.#isReadInto = true;
    return gathered.subarray(this.#filled, end);
  }

  /** Nothing comes any more: what has come of a packet is given up. */
  close(): void {
    this.#stopped = true;
    this.#forget();
  }

  /** Hands out the packets in the chunk from `start` and keeps what is left. False when the handler said stop. */
  #takeAll(chunk: Buffer, start: number): boolean {
    const end = chunk.length;
    let at = start;
    let wanted = 0;
    while (at < end) {
      wanted = headerBytesMax;
      const bodyStart = bodyStartOf(chunk, at, end);
      if (bodyStart === 0) break;
      const bodyEnd = bodyStart + remainingLengthOf(chunk, at);
      this.#checkSize(bodyEnd - at);
      wanted = bodyEnd - at;
      if (bodyEnd > end) break;
      if (!this.#handler.frame(chunk, chunk[at], bodyStart, bodyEnd)) return false;
      at = bodyEnd;
    }
    if (at < end) this.#gather(chunk, at, end, wanted);
    return true;
  }

  /**
   * Adds to the packet that is being gathered what the chunk has of it, and hands it out when it is whole. Answers the
   * position behind it in the chunk, or -1 when the handler said stop.
   */
  #complete(chunk: Buffer): number {
    let at = 0;
    let bodyStart = bodyStartOf(this.#gathered, 0, this.#filled);
    while (bodyStart === 0) {
      if (at === chunk.length) return at;
      this.#gather(chunk, at, at + 1, headerBytesMax);
      at++;
      bodyStart = bodyStartOf(this.#gathered, 0, this.#filled);
    }
    const bodyEnd = bodyStart + remainingLengthOf(this.#gathered, 0);
    this.#checkSize(bodyEnd);
    const taken = Math.min(bodyEnd - this.#filled, chunk.length - at);
    this.#gather(chunk, at, at + taken, bodyEnd);
    if (this.#filled < bodyEnd) return at + taken;
    const whole = this.#gathered;
    const lender = this.#lender;
    this.#empty();
    try {
      return this.#handler.frame(whole, whole[0], bodyStart, bodyEnd) ? at + taken : -1;
    } finally {
      lender.release(whole);
    }
  }

  /** Copies bytes behind what is gathered. `wanted` is the most that is known to come; memory grows up to it. */
  #gather(chunk: Buffer, start: number, end: number, wanted: number): void {
    const needed = this.#filled + end - start;
    if (needed > this.#gathered.length) {
      const grown = this.budget.take(needed, wanted);
      if (grown === undefined) throw new UngatheredPacket(this.#beginning(chunk, start, end), this.budget.bytesMax);
      this.#gathered.copy(grown, 0, 0, this.#filled);
      if (this.#gathered !== nothing) this.#lender.release(this.#gathered);
      this.#gathered = grown;
      this.#lender = this.budget;
      this.#isReadInto = false;
    }
    if (!this.#isReadInto || !this.#isInPlace(chunk)) chunk.copy(this.#gathered, this.#filled, start, end);
    this.#filled = needed;
  }

  #beginning(chunk: Buffer, start: number, end: number): Buffer {
    const before = Math.min(this.#filled, beginningBytes);
    const behind = Math.min(end, start + beginningBytes - before);
    return Buffer.concat([this.#gathered.subarray(0, before), chunk.subarray(start, behind)]);
  }

  #isInPlace(chunk: Buffer): boolean {
    const { buffer, byteOffset } = this.#gathered;
    return chunk.buffer === buffer && chunk.byteOffset === byteOffset + this.#filled;
  }

  /** Where a socket may still read into the memory nobody else gets it. */
  #forget(): void {
    if (this.#isReadInto) this.#lender.discard(this.#gathered);
    else if (this.#gathered !== nothing) this.#lender.release(this.#gathered);
    this.#empty();
  }

  #empty(): void {
    this.#gathered = nothing;
    this.#filled = 0;
    this.#isReadInto = false;
  }

  #checkSize(size: number): void {
    if (size > this.packetBytesMax) {
      const met = mismatch('packet', `at most ${this.packetBytesMax} bytes`, size);
      throw new MalformedPacket(Refusal.packetTooLarge, met, 'MQTT-3.2.2-15');
    }
  }
}

const nothing = Buffer.alloc(0);

/** Where the body of the packet at `start` begins; 0 while its remaining length has not arrived. */
function bodyStartOf(buffer: Buffer, start: number, end: number): number {
  if (start < end) checkType(buffer[start]);
  const last = Math.min(start + headerBytesMax, end);
  for (let at = start + 1; at < last; at++) {
    const byte = buffer[at];
    if (byte >= 0x80) continue;
    if (byte === 0 && at > start + 1) {
      throw malformed('packet', 'a remaining length in as few bytes as possible', at - start, 'MQTT-1.5.5-1');
    }
    return at + 1;
  }
  if (last === start + headerBytesMax) {
    throw malformed('packet', 'a remaining length of at most 4 bytes', 'a fifth', 'MQTT 5 section 1.5.5');
  }
  return 0;
}

function remainingLengthOf(buffer: Buffer, start: number): number {
  let value = 0;
  let shift = 0;
  for (let at = start + 1; ; at++, shift += 7) {
    value |= (buffer[at] & 0x7f) << shift;
    if (buffer[at] < 0x80) return value;
  }
}
