import { Duplex } from 'node:stream';

/** An MQTT connection over WebSocket as a stream of bytes, wherever one frame ends and the next begins (MQTT 5, section 6). */
export class WebSocketStream extends Duplex {
  readonly #socket: WebSocket;

  constructor(url: URL) {
    super();
    this.#socket = new WebSocket(url, 'mqtt');
    this.#socket.binaryType = 'arraybuffer';
    this.#socket.addEventListener('message', ({ data }) => {
      if (data instanceof ArrayBuffer) this.push(Buffer.from(data));
      else this.destroy(new Error('the server sent text over a WebSocket for MQTT'));
    });
    this.#socket.addEventListener('close', () => this.destroy());
  }

  /** What is written before is sent when it is open. */
  override _construct(callback: (problem?: Error) => void): void {
    this.#socket.addEventListener('open', () => callback(), { once: true });
    this.#socket.addEventListener('error', () => callback(new Error(`no WebSocket for MQTT at ${this.#socket.url}`)), {
      once: true,
    });
  }

  override _read(): void {
    // What comes is pushed as it comes: the server sends no more than the client's Receive Maximum allows.
  }

  override _write(bytes: Buffer, _encoding: BufferEncoding, callback: () => void): void {
    this.#socket.send(bytes);
    callback();
  }

  override _final(callback: () => void): void {
    this.#socket.close();
    callback();
  }

  override _destroy(problem: Error | null, callback: (problem: Error | null) => void): void {
    this.#socket.close();
    callback(problem);
  }
}
