import type { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { SluiceError } from '../errors.ts';

/** Bodies that are read as streams at once. Each holds one line and a batch of what was made of those before. */
const streamsMax = 16;

/**
 * Bounds the request bodies of all connections together: what has arrived of them and is not answered yet. A request
 * whose next bytes do not fit is refused; one that only announces a body holds nothing.
 */
export class BodyBudget {
  readonly #bytesMax: number;
  #bytes = 0;
  #refused = 0;
  #streams = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Requests since the start. */
  get refused(): number {
    return this.#refused;
  }

  /** Counts the bytes of `body` from now on, until the answer of its request is gone. */
  count(body: Readable, reply: FastifyReply): void {
    let held = 0;
    const arrived = (chunk: Buffer): void => {
      held += chunk.length;
      this.#bytes += chunk.length;
      if (this.#bytes <= this.#bytesMax) return;
      body.off('data', arrived);
      this.#refuse(reply, `more than ${this.#bytesMax} bytes`, 'http.bodiesBytesMax');
    };
    body.on('data', arrived);
    reply.raw.once('close', () => {
      this.#bytes -= held;
    });
  }

  /** One body more that its handler reads while it comes. To count its bytes would make it flow, and it waits for its reader. */
  countStream(reply: FastifyReply): void {
    this.#streams++;
    reply.raw.once('close', () => this.#streams--);
    if (this.#streams > streamsMax) this.#refuse(reply, `${streamsMax} streams`, 'streamsMax');
  }

  #refuse(reply: FastifyReply, met: string, limit: string): void {
    if (reply.sent) return;
    this.#refused++;
    // The rest of the body is not waited for, so that nobody knows where the next request begins.
    void reply.header('connection', 'close').send(
      new SluiceError('unavailable', `Send the request again later: request bodies of ${met} are being read`, {
        detail: { limit },
      }),
    );
  }
}
