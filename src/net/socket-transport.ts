import type { Socket } from 'node:net';
import type { Peer, Transport } from '../broker/transport.ts';
import { type HeldMemory, referenceBytesMin } from '../std/bytes.ts';
import type { Clock, Timer } from '../std/clock.ts';
import { type Chunk, type ChunkPool, largeBytes, smallBytes } from './chunk-pool.ts';
import { type Output, type Written, writeAllDirectly, writeDirectly } from './direct-writing.ts';
import { lingerMs } from './linger.ts';
import type { Flushable, Turn } from './turn.ts';

/** How output is wrapped for a protocol between TCP and MQTT. */
export interface OutputFraming {
  /** Goes in front of `bytes` bytes that leave together. */
  header(bytes: number): Buffer;
  /** Goes behind everything. */
  trailer(): Buffer;
}

/**
 * A socket's output: encoders write into a chunk of the pool, and the end of the turn, or `earlyBytes`, hands everything to
 * the operating system in one call. While a write is under way the next ones gather here, so that a chunk is never reused too early.
 */
export class SocketTransport implements Transport, Flushable {
  buffer: Buffer = nothing;
  position = 0;
  readonly peer: Peer;
  readonly #socket: Socket;
  readonly #pool: ChunkPool;
  readonly #gathering: HeldMemory;
  readonly #turn: Turn;
  readonly #drained: () => void;
  readonly #clock: Clock;
  readonly #framing: OutputFraming | undefined;
  /** What `buffer` is the memory of. */
  #chunk: Chunk | undefined;
  /** Full chunks that wait for the end of the turn or of the write before. */
  #full: Piece[] = [];
  #fullBytes = 0;
  /** What the operating system is taking now. */
  #writing: readonly Piece[] = none;
  #writingBytes = 0;
  /** Writes that the operating system has not said to have taken. */
  #writesDue = 0;
  #dirty = false;
  #ending = false;
  #turnBytes = 0;
  #lastTurnBytes = 0;
  #linger: Timer | undefined;
  readonly #written = (): void => this.#onWritten();

  constructor(socket: Socket, peer: Peer, shared: SharedByTransports, drained: () => void, framing?: OutputFraming) {
    this.#socket = socket;
    this.#pool = shared.pool;
    this.#gathering = shared.gathering;
    this.#turn = shared.turn;
    this.#clock = shared.clock;
    this.#drained = drained;
    this.#framing = framing;
    this.peer = peer;
  }

  get bufferedBytes(): number {
    return this.#fullBytes + this.#writingBytes + this.position;
  }

  reserve(size: number): void {
    if (this.position >= earlyBytes && this.#writing.length === 0) this.#send();
    if (this.position + size > this.buffer.length) this.#next(size);
    if (!this.#dirty) {
      this.#dirty = true;
      this.#turn.add(this);
    }
  }

  append(bytes: Buffer, start: number, end: number, lasting: boolean): void {
    const size = end - start;
    if (size < referenceBytesMin) this.#copy(bytes, start, end);
    else if (isHardlyUsed(bytes.buffer, size)) this.#copyMuch(bytes, start, end);
    else if (lasting) this.#refer(bytes, start, end, undefined);
    else if (this.#gathering.hold(bytes)) this.#refer(bytes, start, end, this.#gathering);
    else this.#copyMuch(bytes, start, end);
  }

  #copy(bytes: Buffer, start: number, end: number): void {
    this.reserve(end - start);
    this.position += bytes.copy(this.buffer, this.position, start, end);
  }

  /** In as many pieces as it takes: what is left of a chunk is filled first. */
  #copyMuch(bytes: Buffer, start: number, end: number): void {
    for (let at = start; at < end; ) {
      const left = this.buffer.length - this.position;
      this.reserve(Math.min(end - at, left > 0 ? left : largeBytes));
      const copied = bytes.copy(this.buffer, this.position, at, end);
      this.position += copied;
      at += copied;
    }
  }

  #refer(memory: Buffer, start: number, end: number, owner: HeldMemory | undefined): void {
    this.#interrupt();
    this.#full.push({ bytes: memory.subarray(start, end), memory, owner });
    this.#fullBytes += end - start;
    this.reserve(0);
  }

  flush(): void {
    this.#dirty = false;
    if (this.#writing.length > 0) return;
    this.#send();
    if (this.#turnBytes === 0) return;
    this.#lastTurnBytes = this.#turnBytes;
    this.#turnBytes = 0;
    if (this.#writing.length === 0 && this.#lastTurnBytes > largeBytes) this.#drained();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  end(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#linger = this.#clock.after(lingerMs, () => this.#socket.destroy());
    // Where the broker had stopped reading the end of the peer would not be seen.
    this.#socket.resume();
    this.flush();
    if (this.#writing.length === 0) this.#finish();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** The socket is gone, and with it what nobody can take any more. What was under way may still be looked at: it is not used again. */
  discard(): void {
    this.#linger?.cancel();
    this.#retire();
    for (const { memory, owner } of this.#full) owner?.letGo(memory);
    this.#full = [];
    this.#fullBytes = 0;
    for (const { memory } of this.#writing) this.#gathering.abandon(memory);
    this.#writing = none;
    this.#writingBytes = 0;
  }

  /** Calls nobody back: an encoder may be in the middle of a packet. */
  #send(): void {
    if (this.#socket.destroyed) return;
    if (this.#full.length === 0 && this.position > 0 && this.#framing === undefined) this.#sendChunk();
    else this.#sendAll();
  }

  /** Nearly all output: where the operating system takes it at once nothing is made for it. */
  #sendChunk(): void {
    const chunk = this.#chunk as Chunk;
    const bytes = chunk.first(this.position);
    this.#buffering(undefined);
    this.#sent(bytes.length);
    const written = this.#writesDue === 0 ? writeDirectly(this.#socket, bytes, this.#written) : 'refused';
    if (written === 'taken') chunk.letGo();
    else this.#goOn(written, [{ bytes, memory: chunk.memory, owner: chunk }], bytes.length);
  }

  #sendAll(): void {
    this.#retire();
    if (this.#full.length === 0) return;
    this.#frame();
    const pieces = this.#full;
    const bytes = this.#fullBytes;
    this.#full = [];
    this.#fullBytes = 0;
    this.#sent(bytes);
    const written = this.#writesDue === 0 ? writeAllDirectly(this.#socket, pieces, this.#written) : 'refused';
    if (written === 'taken') for (const { memory, owner } of pieces) owner?.letGo(memory);
    else this.#goOn(written, pieces, bytes);
  }

  #sent(bytes: number): void {
    this.#turnBytes += bytes;
    this.#turn.sent(bytes);
  }

  #goOn(written: Exclude<Written, 'taken'>, pieces: readonly Piece[], bytes: number): void {
    this.#writing = pieces;
    this.#writingBytes = bytes;
    this.#writesDue++;
    if (written === 'refused') this.#writeAsUsual(pieces);
  }

  #frame(): void {
    if (this.#framing === undefined) return;
    const header = this.#framing.header(this.#fullBytes);
    this.#full.unshift({ bytes: header, memory: header, owner: undefined });
    this.#fullBytes += header.length;
  }

  #finish(): void {
    if (this.#framing === undefined || !this.#socket.writable) this.#socket.end();
    else this.#socket.end(this.#framing.trailer());
  }

  #writeAsUsual(pieces: readonly Output[]): void {
    const socket = this.#socket;
    if (pieces.length > 1) socket.cork();
    for (let i = 0; i < pieces.length - 1; i++) socket.write(pieces[i].bytes);
    socket.write(pieces[pieces.length - 1].bytes, this.#written);
    if (pieces.length > 1) socket.uncork();
    if (socket.writableLength === 0) this.#release();
  }

  /**
   * Also called for writes that were complete at once and released then: there is nothing left to do for those. What else is
   * under way on the socket, an answer to a ping of WebSocket, says nothing about ours.
   */
  #onWritten(): void {
    if (--this.#writesDue > 0 || this.#writing.length === 0) return;
    this.#release();
    if (this.#full.length > 0 || this.position > 0) this.flush();
    if (this.#ending && this.#writing.length === 0) this.#finish();
    else this.#drained();
  }

  #release(): void {
    for (const { memory, owner } of this.#writing) owner?.letGo(memory);
    this.#writing = none;
    this.#writingBytes = 0;
  }

  #next(size: number): void {
    this.#retire();
    const busy = this.#fullBytes > 0 || this.#lastTurnBytes > smallBytes;
    this.#buffering(this.#pool.take(Math.max(size, busy ? largeBytes : smallBytes)));
  }

  #buffering(chunk: Chunk | undefined): void {
    this.#chunk = chunk;
    this.buffer = chunk === undefined ? nothing : chunk.memory;
    this.position = 0;
  }

  /** Puts what the chunk has in line, as `#retire` does; where that is little it moves, and the chunk goes on being filled. */
  #interrupt(): void {
    const chunk = this.#chunk;
    const bytes = this.position;
    if (chunk === undefined || chunk.memory.length <= smallBytes || !isHardlyUsed(chunk.memory, bytes)) this.#retire();
    else if (bytes > 0) {
      const fitting = this.#pool.takeFitting(bytes);
      chunk.memory.copy(fitting.memory, 0, 0, bytes);
      this.#putInLine(fitting, bytes);
      this.position = 0;
    }
  }

  /** Puts the chunk that is being filled in line. */
  #retire(): void {
    const chunk = this.#chunk;
    if (chunk === undefined) return;
    if (this.position > 0) this.#putInLine(chunk, this.position);
    else chunk.letGo();
    this.#buffering(undefined);
  }

  #putInLine(chunk: Chunk, bytes: number): void {
    this.#full.push({ bytes: chunk.first(bytes), memory: chunk.memory, owner: chunk });
    this.#fullBytes += bytes;
  }
}

/** Whether so many bytes of this memory would keep too much of it that nobody counts. */
function isHardlyUsed(memory: { readonly byteLength: number }, bytes: number): boolean {
  return bytes * heldPerByteMax < memory.byteLength;
}

interface Piece extends Output {
  /** What the bytes are a part of. */
  readonly memory: Buffer;
  /** Gets the memory back when the operating system has the bytes; none where nobody waits for it. */
  readonly owner: Pick<HeldMemory, 'letGo'> | undefined;
}

/** What the transports of a server share. */
export interface SharedByTransports {
  readonly pool: ChunkPool;
  /** Where large packets were gathered: they are sent on from there. */
  readonly gathering: HeldMemory;
  readonly turn: Turn;
  readonly clock: Clock;
}

/**
 * So much leaves before the turn ends, so that the receiver works on it while the rest is made: it is half of what a hundred
 * small messages take, a common window (docs/decisions/0039).
 */
const earlyBytes = 12 * 1024;

/**
 * What waits for a socket keeps at most so many times its own size, beside a small chunk for each large payload: a part of a larger
 * packet is copied (docs/decisions/0154).
 */
const heldPerByteMax = 2;

const nothing = Buffer.alloc(0);
const none: readonly Piece[] = [];
