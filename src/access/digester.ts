import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Digests under a key of this process: what is kept and compared says nothing about the secret, nor does the time it takes. */
export class Digester {
  readonly #key = randomBytes(32);

  digest(secret: string | Buffer): string {
    return createHmac('sha256', this.#key).update(secret).digest('base64');
  }

  same(a: string | Buffer, b: string | Buffer): boolean {
    return timingSafeEqual(Buffer.from(this.digest(a)), Buffer.from(this.digest(b)));
  }
}
