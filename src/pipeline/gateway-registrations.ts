import { SluiceError } from '../errors.ts';

interface Turns {
  waiting: number;
  last: Promise<unknown>;
}

/**
 * Devices that gateways register, one after the other for each gateway: each is a commit of its own, and what is stored for
 * everybody else waits behind those that are under way.
 */
export class GatewayRegistrations {
  readonly #waitingMax: number;
  readonly #byGateway = new Map<string, Turns>();

  /** `waitingMax`: of one gateway. */
  constructor(waitingMax: number) {
    this.#waitingMax = waitingMax;
  }

  /** Rejects with `quota_exceeded` where too many of the gateway wait already. */
  async inTurn<T>(gatewayId: string, register: () => Promise<T>): Promise<T> {
    const turns = this.#enter(gatewayId);
    const turn = turns.last.then(register, register);
    turns.last = turn;
    try {
      return await turn;
    } finally {
      turns.waiting--;
      if (turns.waiting === 0) this.#byGateway.delete(gatewayId);
    }
  }

  #enter(gatewayId: string): Turns {
    const turns = this.#byGateway.get(gatewayId) ?? { waiting: 0, last: Promise.resolve() };
    if (turns.waiting >= this.#waitingMax) {
      const sentence = `Connect devices more slowly: ${turns.waiting} of gateway "${gatewayId}" are being registered already`;
      throw new SluiceError('quota_exceeded', sentence, { detail: { limit: 'gatewayConnectsMax' } });
    }
    turns.waiting++;
    this.#byGateway.set(gatewayId, turns);
    return turns;
  }
}
