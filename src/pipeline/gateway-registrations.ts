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
  /** The last thing that a gateway said of a device, while it is under way. */
  readonly #said = new Map<string, Promise<unknown>>();

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

  /** What a gateway says of one device counts in the order in which it came: one that goes while it is being registered is gone. */
  async inOrder<T>(gatewayId: string, deviceId: string, settle: () => Promise<T>): Promise<T> {
    const key = `${gatewayId}/${deviceId}`;
    const before = this.#said.get(key);
    const own = before === undefined ? settle() : before.then(settle, settle);
    this.#said.set(key, own);
    try {
      return await own;
    } finally {
      if (this.#said.get(key) === own) this.#said.delete(key);
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
