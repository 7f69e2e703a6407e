import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const answerMsMax = 10_000;

/** One connection that sends bytes and is exact about those that come back. */
export class Peer {
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #isEnded = false;

  constructor(port: number) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk]);
    });
    // A reset is an end too: the server need not read what it refuses.
    this.#socket.on('error', () => this.#socket.destroy());
    this.#socket.on('end', () => {
      this.#isEnded = true;
    });
    this.#socket.on('close', () => {
      this.#isEnded = true;
    });
  }

  send(bytes: Buffer): void {
    this.#socket.write(bytes);
  }

  /** The next packet, whole. */
  async packet(): Promise<Buffer> {
    for (;;) {
      const size = packetSize(this.#received);
      if (size > 0 && this.#received.length >= size) {
        const packet = this.#received.subarray(0, size);
        this.#received = this.#received.subarray(size);
        return packet;
      }
      if (this.#isEnded) assert.fail(`The connection ended behind ${this.#received.toString('hex') || 'nothing'}`);
      await this.#change();
    }
  }

  /** The server closes, and sends nothing before it does. */
  async closed(): Promise<void> {
    while (!this.#isEnded) await this.#change();
    assert.equal(this.#received.toString('hex'), '');
  }

  drop(): void {
    this.#socket.destroy();
  }

  async #change(): Promise<void> {
    const over = new AbortController();
    const signal = AbortSignal.any([over.signal, AbortSignal.timeout(answerMsMax)]);
    try {
      await Promise.race(['data', 'end', 'close'].map((event) => once(this.#socket, event, { signal })));
    } finally {
      // Those that did not come would be listened for until the time is over, once more for each packet.
      over.abort();
    }
  }
}

/** 0 while the length has not arrived. */
function packetSize(bytes: Buffer): number {
  let value = 0;
  for (let at = 1; at < Math.min(bytes.length, 5); at++) {
    value |= (bytes[at] & 0x7f) << (7 * (at - 1));
    if (bytes[at] < 0x80) return at + 1 + value;
  }
  return 0;
}
