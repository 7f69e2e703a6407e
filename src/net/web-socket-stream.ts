import type { Socket } from 'node:net';
import type { Transport, TransportHandler } from '../broker/transport.ts';
import type { OutputFraming } from './socket-transport.ts';
import {
  binaryFrameHeader,
  CloseCode,
  closeFrame,
  pongFrame,
  WebSocketFrames,
  type WebSocketHandler,
} from './web-socket-frames.ts';

/** What leaves together is one binary frame; the end is a close frame. */
export class WebSocketOutput implements OutputFraming {
  closeCode: number = CloseCode.normal;

  header(bytes: number): Buffer {
    return binaryFrameHeader(bytes);
  }

  trailer(): Buffer {
    return closeFrame(this.closeCode);
  }
}

/** Bytes of a WebSocket → bytes of MQTT; pings are answered and closes followed on the way. */
export class WebSocketInput implements WebSocketHandler {
  readonly #socket: Socket;
  readonly #transport: Transport;
  readonly #handler: TransportHandler;
  readonly #output: WebSocketOutput;
  readonly #closed: (code: number, reason: string) => void;
  readonly #frames = new WebSocketFrames(this);

  constructor(
    socket: Socket,
    transport: Transport,
    handler: TransportHandler,
    output: WebSocketOutput,
    closed: (code: number, reason: string) => void,
  ) {
    this.#socket = socket;
    this.#transport = transport;
    this.#handler = handler;
    this.#output = output;
    this.#closed = closed;
  }

  receive(chunk: Buffer): void {
    this.#frames.push(chunk);
  }

  data(bytes: Buffer): void {
    this.#handler.receive(bytes);
  }

  /** One that does not take the answers gets no more: the newest ping is the one that counts [RFC 6455, section 5.5.3]. */
  ping(payload: Buffer): void {
    if (this.#socket.writable && this.#socket.writableLength < pongBytesMax) this.#socket.write(pongFrame(payload));
  }

  close(code: number, reason: string): void {
    this.#output.closeCode = code;
    this.#closed(code, reason);
    this.#transport.end();
  }
}

/** Unsent bytes from which on pings are not answered. */
const pongBytesMax = 64 * 1024;
