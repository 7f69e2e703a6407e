import assert from 'node:assert/strict';
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';

/** The client's part of SCRAM-SHA-256, written from the RFC and not from the server's part. */
export class ScramClient {
  readonly #firstBare: string;
  readonly #password: string;
  #expected = '';

  constructor(username: string, password: string) {
    this.#firstBare = `n=${username},r=nonce-of-the-client`;
    this.#password = password;
  }

  first(): Buffer {
    return Buffer.from(`n,,${this.#firstBare}`);
  }

  final(challenge: Buffer): Buffer {
    const serverFirst = challenge.toString();
    const fields = new Map(serverFirst.split(',').map((field) => [field[0], field.slice(2)]));
    const salt = Buffer.from(fields.get('s') ?? '', 'base64');
    const salted = pbkdf2Sync(this.#password, salt, Number(fields.get('i')), 32, 'sha256');
    const withoutProof = `c=biws,r=${fields.get('r')}`;
    const message = `${this.#firstBare},${serverFirst},${withoutProof}`;
    const clientKey = sign(salted, 'Client Key');
    const signature = sign(createHash('sha256').update(clientKey).digest(), message);
    const proof = Buffer.from(clientKey.map((byte, at) => byte ^ signature[at]));
    this.#expected = `v=${sign(sign(salted, 'Server Key'), message).toString('base64')}`;
    return Buffer.from(`${withoutProof},p=${proof.toString('base64')}`);
  }

  /** The server knows the password too. */
  check(last: Buffer | undefined): void {
    assert.equal(last?.toString(), this.#expected);
  }
}

function sign(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
