import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { ErrorCode } from '../errors.ts';
import type { Clock } from '../std/clock.ts';

/**
 * How long a connection is still read, and what it sends thrown away, after it was told why it ends: closing at once would
 * reset it, and the reason would not arrive.
 */
const lingerMs = 1_000;

/** What ends a connection on which something came that is no request: Node's `clientError`. */
export function unreadableEnder(clock: Clock): (error: Error & { code?: string }, socket: Socket) => void {
  const told = new WeakSet<Socket>();
  return (error, socket) => {
    if (told.has(socket)) return;
    if (!socket.writable || error.code === 'ECONNRESET') {
      socket.destroy();
      return;
    }
    told.add(socket);
    socket.end(reason(error.code));
    const cutOff = clock.after(lingerMs, () => socket.destroy());
    socket.once('close', () => cutOff.cancel());
  };
}

function reason(code: string | undefined): string {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return answer(408, 'Send the whole request sooner');
  if (code === 'HPE_HEADER_OVERFLOW') return answer(431, 'Send smaller headers');
  return answer(400, 'Send a valid HTTP/1.1 request');
}

function answer(status: number, detail: string): string {
  const title = STATUS_CODES[status] ?? '';
  const code: ErrorCode = 'invalid_argument';
  const body = JSON.stringify({ type: `urn:sluice:problem:${code}`, title, status, detail, code, retryable: false });
  return [
    `HTTP/1.1 ${status} ${title}`,
    'Connection: close',
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}
