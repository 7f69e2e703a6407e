import { RecentMap } from '../std/recent-map.ts';

/** A device id that messages came of and nobody registered. */
export interface Stranger {
  readonly deviceId: string;
  /** How many came since it was seen first, or since it was forgotten for others. */
  readonly messages: number;
  /** Epoch milliseconds. */
  readonly firstAt: number;
  readonly lastAt: number;
  /** The client that sent the last one, shortened. */
  readonly lastClient: string;
}

/** Ids that are kept: those that sent last. Anybody may make them up, so there may be any number. */
export const strangersMax = 1_000;
const clientCharsMax = 128;

/** Who sends without being registered, since the start. */
export class Strangers {
  readonly #seen = new RecentMap<string, Stranger>(strangersMax);

  saw(deviceId: string, client: string, now: number): void {
    const { messages = 0, firstAt = now } = this.#seen.get(deviceId) ?? {};
    const lastClient = client.slice(0, clientCharsMax);
    this.#seen.set(deviceId, { deviceId, messages: messages + 1, firstAt, lastAt: now, lastClient });
  }

  /** It is registered now. */
  forget(deviceId: string): void {
    this.#seen.delete(deviceId);
  }

  /** Those that sent last stand first. */
  list(): readonly Stranger[] {
    return [...this.#seen.values()].reverse();
  }
}
