import { randomBytes, timingSafeEqual } from 'node:crypto';
import { SluiceError } from '../errors.ts';
import type { AuthenticationExchange, ExchangeStep, Identity } from './access.ts';
import { wrongCredentials } from './authenticator.ts';
import { saslPrep } from './sasl-prep.ts';
import { hmac, type ScramVerifier, sha256 } from './scram-verifier.ts';

/** What is known under a name. Nobody is known under a made-up verifier, and no proof fits it. */
export interface ScramSubject {
  readonly verifier: ScramVerifier;
  readonly identity: Identity | undefined;
}

export type ScramLookup = (username: string) => Promise<ScramSubject>;

const messageBytesMax = 4_096;

/** Optional authorisation id, then user name and nonce; what follows them may be ignored. RFC 5802, section 7. */
const clientFirst = /^((?:n|y|p=[^,]*),(?:a=([^,]*))?,)(n=([^,]+),r=([\x21-\x2b\x2d-\x7e]{1,512})(?:,.*)?)$/s;
const clientFinal = /^(c=([A-Za-z0-9+/=]+),r=([^,]+)(?:,[^p,][^,]*)*),p=([A-Za-z0-9+/]{43}=)$/s;

interface Challenge {
  readonly subject: ScramSubject;
  readonly gs2Header: string;
  readonly nonce: string;
  readonly clientFirstBare: string;
  readonly serverFirst: string;
}

/**
 * The server's part of SCRAM-SHA-256 (RFC 5802 and 7677) for one login:
 *
 *   client                                server
 *     n,,n=user,r=nonce          ──►
 *                                ◄──  r=nonce+ours,s=salt,i=iterations
 *     c=biws,r=nonce+ours,p=proof ──►
 *                                ◄──  v=signature
 */
export class ScramExchange implements AuthenticationExchange {
  readonly #lookup: ScramLookup;
  readonly #serverNonce: string;
  #challenge: Challenge | undefined;
  #asked = false;

  constructor(lookup: ScramLookup, serverNonce = randomBytes(18).toString('base64')) {
    this.#lookup = lookup;
    this.#serverNonce = serverNonce;
  }

  async step(data: Buffer | undefined): Promise<ExchangeStep> {
    if (this.#challenge !== undefined) return this.#final(this.#challenge, textOf(data));
    // A client may name the method first and begin when it is asked to.
    if (data === undefined && !this.#asked) {
      this.#asked = true;
      return { data: undefined };
    }
    this.#challenge = await this.#first(textOf(data));
    return { data: Buffer.from(this.#challenge.serverFirst) };
  }

  async #first(message: string): Promise<Challenge> {
    const match = clientFirst.exec(message);
    if (match === null) throw unreadable('expected a user name and a nonce');
    const [, gs2Header, authorisationId, clientFirstBare, encodedName, clientNonce] = match;
    if (gs2Header.startsWith('p')) throw unreadable('channel binding is not supported');
    const username = decodeName(encodedName);
    if (authorisationId !== undefined && decodeName(authorisationId) !== username)
      throw unreadable('nobody logs in for somebody else');
    const subject = await this.#lookup(username);
    const nonce = clientNonce + this.#serverNonce;
    const { salt, iterations } = subject.verifier;
    const serverFirst = `r=${nonce},s=${salt.toString('base64')},i=${iterations}`;
    return { subject, gs2Header, nonce, clientFirstBare, serverFirst };
  }

  #final({ subject, gs2Header, nonce, clientFirstBare, serverFirst }: Challenge, message: string): ExchangeStep {
    const match = clientFinal.exec(message);
    if (match === null) throw unreadable('expected a channel binding, the nonce and a proof');
    const [, withoutProof, binding, nonceAgain, proof] = match;
    // Both were sent before: another one means that somebody changed messages on their way.
    if (Buffer.from(binding, 'base64').toString() !== gs2Header || nonceAgain !== nonce)
      throw wrongCredentials('The messages of the exchange do not belong together');
    const { storedKey, serverKey } = subject.verifier;
    const authMessage = `${clientFirstBare},${serverFirst},${withoutProof}`;
    const clientKey = xor(Buffer.from(proof, 'base64'), hmac(storedKey, authMessage));
    const isRight = timingSafeEqual(sha256(clientKey), storedKey);
    if (subject.identity === undefined)
      throw wrongCredentials('There is no user of that name, or none with a password for SCRAM');
    if (!isRight) throw wrongCredentials('The password of the user is another one');
    const signature = hmac(serverKey, authMessage).toString('base64');
    return { data: Buffer.from(`v=${signature}`), identity: subject.identity };
  }
}

function textOf(data: Buffer | undefined): string {
  if (data === undefined || data.length > messageBytesMax) throw unreadable(`expected 1 to ${messageBytesMax} bytes`);
  return data.toString();
}

/** ',' and '=' stand in a name as =2C and =3D: RFC 5802, section 5.1. */
function decodeName(encoded: string): string {
  if (/=(?!2C|3D)/.test(encoded)) throw unreadable("'=' stands in a name as =3D");
  return saslPrep(encoded.replaceAll('=2C', ',').replaceAll('=3D', '='));
}

function xor(a: Buffer, b: Buffer): Buffer {
  return Buffer.from(a.map((byte, at) => byte ^ b[at]));
}

function unreadable(why: string): SluiceError {
  return new SluiceError('unauthenticated', `Check the authentication data: ${why}`);
}
