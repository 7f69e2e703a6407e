import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { type Gate, giveBack, type Refusal, type Visit } from './visit.ts';
import {
  acceptance,
  notUpgraded,
  refusalHeaders,
  response,
  type UpgradeRefusal,
  upgradeRefusal,
  type WebSocketRules,
} from './web-socket-handshake.ts';

const headerBytesMax = 16 * 1024;

/** The HTTP request with which a WebSocket begins. A server of Node that does not listen itself is handed the connections. */
export class WebSocketGate implements Gate {
  readonly #rules: WebSocketRules;
  readonly #server: Server;
  readonly #visits = new WeakMap<Duplex, Asking>();

  constructor(rules: WebSocketRules) {
    this.#rules = rules;
    // The listener's own deadline ends what takes too long.
    this.#server = createServer({
      maxHeaderSize: headerBytesMax,
      headersTimeout: 0,
      requestTimeout: 0,
      keepAliveTimeout: 0,
    });
    this.#server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    this.#server.on('request', (request, answer) => this.#answer(request, answer));
    this.#server.on('clientError', (error, socket) => this.#unreadable(error, socket));
  }

  pass(visit: Visit, done: (refusal?: Refusal) => void): void {
    this.#visits.set(visit.socket, { visit, done });
    giveBack(visit);
    this.#server.emit('connection', visit.socket);
    visit.socket.resume();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const asking = this.#visits.get(socket);
    if (asking === undefined) return;
    const { visit, done } = asking;
    const refusal = upgradeRefusal(request, this.#rules, visit.remoteAddress);
    if (refusal !== undefined) {
      socket.write(response(refusal.status, refusalHeaders(refusal), refusal.reason));
      done(refused(refusal));
      return;
    }
    socket.write(acceptance(request.headers['sec-websocket-key'] ?? ''));
    visit.isWebSocket = true;
    visit.head = head;
    done();
  }

  #answer(request: IncomingMessage, answer: ServerResponse): void {
    answer.writeHead(notUpgraded.status, refusalHeaders(notUpgraded)).end(notUpgraded.reason);
    this.#visits.get(request.socket)?.done(refused(notUpgraded));
  }

  #unreadable(error: Error, socket: Duplex): void {
    const { code } = error as NodeJS.ErrnoException;
    if (socket.writable) socket.write(response(400, { connection: 'close', 'content-length': '0' }));
    this.#visits.get(socket)?.done({ reason: 'web_socket_upgrade', detail: code ?? error.message, isAnswered: true });
  }
}

interface Asking {
  readonly visit: Visit;
  readonly done: (refusal?: Refusal) => void;
}

function refused({ status, reason }: UpgradeRefusal): Refusal {
  return { reason: 'web_socket_upgrade', detail: `${status}: ${reason}`, isAnswered: true };
}
