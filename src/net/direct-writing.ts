import type { Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';

/** What became of bytes that were offered to a socket. */
export type Written =
  /** The operating system has them. */
  | 'taken'
  /** It has a part of them; `done` is called when it has the rest, or when the socket is gone. */
  | 'under-way'
  /** None of them: the caller writes them in the usual way, which also reports what is wrong with the socket. */
  | 'refused';

/**
 * Gives bytes to a plain socket's handle, without the stream in between: that makes five objects for each write, and most
 * writes are taken at once. Node's own stream does the same call below all that.
 *
 * It needs what Node 24 has without documenting it: `_handle`, and the binding `stream_wrap`. Where those are missing, and for
 * TLS, everything is refused and written as usual.
 */
export function writeDirectly(socket: Socket, bytes: Buffer, done: () => void): Written {
  const handle = handleOf(socket);
  if (binding === undefined || handle === undefined) return 'refused';
  const request = takeRequest(binding);
  return written(binding, socket, request, handle.writeBuffer(request, bytes), bytes, done);
}

/** As `writeDirectly`, for pieces that leave in one call. */
export function writeAllDirectly(socket: Socket, pieces: readonly Output[], done: () => void): Written {
  if (pieces.length === 1) return writeDirectly(socket, pieces[0].bytes, done);
  const handle = handleOf(socket);
  if (binding === undefined || handle === undefined) return 'refused';
  const request = takeRequest(binding);
  return written(binding, socket, request, handle.writev(request, pieces.map(bytesOf), allAreBuffers), pieces, done);
}

/** Absent where the socket has to be written as usual. */
function handleOf(socket: Socket): StreamHandle | undefined {
  const { _handle: handle } = socket as PlainSocket;
  return isPlain(handle) && socket.writableLength === 0 && !socket.writableEnded ? handle : undefined;
}

function takeRequest({ WriteWrap }: StreamBinding): WriteRequest {
  const request = spare ?? new WriteWrap();
  spare = undefined;
  return request;
}

function written(
  { streamBaseState, kLastWriteWasAsync }: StreamBinding,
  socket: Socket,
  request: WriteRequest,
  problem: number,
  memory: WriteRequest['memory'],
  done: () => void,
): Written {
  if (problem === 0 && streamBaseState[kLastWriteWasAsync] !== 0) {
    request.memory = memory;
    request.oncomplete = (status) => {
      if (status < 0) socket.destroy(writeProblem(status));
      done();
    };
    return 'under-way';
  }
  spare = request;
  return problem === 0 ? 'taken' : 'refused';
}

function isPlain(handle: StreamHandle | null | undefined): handle is StreamHandle {
  return handle !== null && handle !== undefined && handle.constructor.name === 'TCP';
}

function writeProblem(status: number): Error {
  const code = getSystemErrorName(status);
  return Object.assign(new Error(`write ${code}`), { code, errno: status, syscall: 'write' });
}

function bytesOf({ bytes }: Output): Buffer {
  return bytes;
}

export interface Output {
  readonly bytes: Buffer;
}

interface PlainSocket {
  readonly _handle?: StreamHandle | null;
}

interface StreamHandle {
  /** Answers 0 or a number of a system error. */
  writeBuffer(request: WriteRequest, bytes: Buffer): number;
  writev(request: WriteRequest, pieces: readonly Buffer[], allAreBuffers: boolean): number;
}

interface WriteRequest {
  oncomplete?: (status: number) => void;
  /** Keeps the memory while the operating system reads it. */
  memory?: Buffer | readonly Output[];
}

interface StreamBinding {
  readonly WriteWrap: new () => WriteRequest;
  /** What the last call on a handle had to say beside its answer. */
  readonly streamBaseState: Int32Array;
  readonly kLastWriteWasAsync: number;
}

const binding = streamBinding();
const allAreBuffers = true;

/** A request of which nothing was under way can be used again. */
let spare: WriteRequest | undefined;

function streamBinding(): StreamBinding | undefined {
  const { binding: internal } = process as { binding?: (name: string) => Partial<StreamBinding> };
  // Node's permission model refuses all internal bindings.
  if (internal === undefined || process.permission !== undefined) return undefined;
  const found = internal('stream_wrap');
  const isWhole =
    typeof found.WriteWrap === 'function' &&
    found.streamBaseState !== undefined &&
    typeof found.kLastWriteWasAsync === 'number';
  return isWhole ? (found as StreamBinding) : undefined;
}
