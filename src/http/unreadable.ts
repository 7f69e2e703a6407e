import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
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

/** Node's `checkExpectation`: an `Expect` other than `100-continue`, which is the only one that HTTP defines. */
export function refuseExpectation({ headers }: IncomingMessage, response: ServerResponse): void {
  const met = JSON.stringify(String(headers.expect).slice(0, 60));
  const body = problemText(417, `Leave out Expect, or give it as 100-continue: met ${met}`);
  // The caller may send the body or not, so that nobody knows where the next request begins.
  response.writeHead(417, { connection: 'close', 'content-type': 'application/problem+json' }).end(body);
}

function reason(code: string | undefined): string {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return answer(408, 'Send the whole request sooner');
  if (code === 'HPE_HEADER_OVERFLOW') return answer(431, 'Send smaller headers');
  return answer(400, 'Send a valid HTTP/1.1 request');
}

function answer(status: number, detail: string): string {
  const body = problemText(status, detail);
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'Connection: close',
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
}

function problemText(status: number, detail: string): string {
  const title = STATUS_CODES[status];
  const code: ErrorCode = 'invalid_argument';
  return JSON.stringify({ type: `urn:sluice:problem:${code}`, title, status, detail, code, retryable: false });
}
