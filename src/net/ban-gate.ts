import type { Gate, Refusal, Visit } from './visit.ts';

/**
 * Keeps banned addresses from the TLS handshake, which costs more than the hash that the ban is to spare. They are not told
 * why; without TLS they are, in the answer to their CONNECT.
 */
export class BanGate implements Gate {
  readonly #isBanned: (remoteAddress: string) => boolean;

  constructor(isBanned: (remoteAddress: string) => boolean) {
    this.#isBanned = isBanned;
  }

  pass({ remoteAddress }: Visit, done: (refusal?: Refusal) => void): void {
    done(this.#isBanned(remoteAddress) ? banned : undefined);
  }
}

const banned: Refusal = { reason: 'banned', detail: 'The address is banned for a while' };
