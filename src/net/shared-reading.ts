import { Socket } from 'node:net';
import type { Turn } from './turn.ts';
import { type ReadCallback, shortReadBytesMax } from './turn-input.ts';

/** Asked behind each read for memory that the next one of this socket goes to; undefined for the shared one. */
export type RoomCallback = () => Buffer | undefined;

/**
 * One buffer that all sockets of a listener read into. Node otherwise makes a buffer for each read, up to 64 KiB that are
 * garbage as soon as their packets are handled, and the collector's pauses are what a message waits for. Short reads are copied
 * out of it, and some are handled together.
 *
 * Node offers a buffer of one's own (`onread`) to sockets that connect, not to those that a server accepts. An accepted socket
 * therefore gives its handle to a new one, as `net.Server` itself makes them. Where Node keeps the handle elsewhere the
 * accepted socket stays as it is.
 */
export class SharedReading {
  readonly #buffer = Buffer.allocUnsafeSlow(readBytes);
  readonly #turn: Pick<Turn, 'keep' | 'handle'>;

  constructor(turn: Pick<Turn, 'keep' | 'handle'>) {
    this.#turn = turn;
  }

  /** The socket to go on with. The accepted one must be paused since it was accepted (`pauseOnConnect`). */
  adopt(accepted: Socket, receive: ReadCallback, room: RoomCallback): Socket {
    const { _handle: handle, _server: server } = accepted as AcceptedSocket;
    if (handle === null || handle === undefined) return readAsUsual(accepted, receive);
    const shared = this.#buffer;
    const turn = this.#turn;
    let memory = nothing;
    let wanted: Buffer = shared;
    const take = (bytes: Buffer): void => {
      receive(bytes);
      wanted = room() ?? shared;
    };
    const callback = (bytes: number): boolean => {
      // Other memory is handed out only when nothing that belongs in front of it is kept.
      if (memory === shared && wanted === shared && bytes <= shortReadBytesMax) turn.keep(shared, bytes, take);
      else {
        turn.handle();
        take(memory.subarray(0, bytes));
      }
      return true;
    };
    // Asked once to begin with, and behind each read, where an answer costs a call into Node.
    const buffer = (): Buffer | undefined => {
      if (wanted === memory) return undefined;
      memory = wanted;
      return memory;
    };
    const socket = new Socket({ handle, onread: { buffer, callback } } as object);
    // The server counts its connections by what names it, and waits for them when it closes.
    Object.assign(socket, { _server: server });
    Object.assign(accepted, { _handle: null, _server: null });
    return socket;
  }
}

/** TLS, and whatever else is no plain socket of the operating system. */
export function readAsUsual(socket: Socket, receive: ReadCallback): Socket {
  socket.on('data', receive);
  socket.resume();
  return socket;
}

/** What a server's sockets have in Node 24, beside what is documented. */
interface AcceptedSocket {
  readonly _handle?: object | null;
  readonly _server?: object | null;
}

/** As much as Node reads at once, and about what fits into the processor's cache together with its answer. */
const readBytes = 64 * 1024;

/** Before any memory is handed out. */
const nothing: Buffer = Buffer.alloc(0);
