import { createLocalJWKSet, errors, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import { SluiceError } from '../errors.ts';
import type { Clock } from '../std/clock.ts';
import type { Log } from '../std/log.ts';
import { fetchJson } from './fetch-json.ts';

/** Logins wait for the keys no longer than this, and only where there are none yet or their key is not among them. */
const fetchLimits = { timeoutMs: 3_000, bytesMax: 256 * 1024 };
/** How soon after a request the next may follow: tokens with keys that nobody knows do not become a flood of requests. */
const pauseMs = 30_000;
/** The same after one that failed. */
const failedPauseMs = 5_000;

/**
 * The public keys behind a JWKS URL. They are asked for again when they are old, beside the logins, and when a token names
 * one that is not there. While the URL does not answer, those that are known go on counting.
 */
export class JwksKeys {
  readonly #url: string;
  readonly #refreshMs: number;
  readonly #clock: Clock;
  readonly #log: Log;
  #keys: JWTVerifyGetKey | undefined;
  #fetchedAt = Number.NEGATIVE_INFINITY;
  #notBefore = Number.NEGATIVE_INFINITY;
  #fetching: Promise<void> | undefined;
  #answers = true;

  constructor(url: string, refreshMs: number, clock: Clock, log: Log) {
    this.#url = url;
    this.#refreshMs = refreshMs;
    this.#clock = clock;
    this.#log = log;
  }

  isOf(url: string, refreshMs: number): boolean {
    return this.#url === url && this.#refreshMs === refreshMs;
  }

  /** The key for a token. Rejects with `unavailable` where there are no keys at all, as `jose` does where none fits. */
  readonly key: JWTVerifyGetKey = async (header, token) => {
    if (this.#keys === undefined) await this.#fetch();
    else if (this.#clock.now() - this.#fetchedAt >= this.#refreshMs) void this.#fetch();
    try {
      return await this.#known()(header, token);
    } catch (problem) {
      if (!(problem instanceof errors.JWKSNoMatchingKey) || !(await this.#fetchIfItAnswers())) throw problem;
      return this.#known()(header, token);
    }
  };

  #known(): JWTVerifyGetKey {
    if (this.#keys !== undefined) return this.#keys;
    throw new SluiceError('unavailable', 'Log in again later: the keys that tokens are checked with cannot be had now');
  }

  /** Nobody waits for a URL that did not answer the last time: tokens with keys that do not exist must not hold up others. */
  async #fetchIfItAnswers(): Promise<boolean> {
    const isFetched = this.#fetch();
    return this.#answers && isFetched;
  }

  /** Those who ask at the same time share one request. Answers whether there was one. */
  async #fetch(): Promise<boolean> {
    if (this.#fetching === undefined) {
      if (this.#clock.now() < this.#notBefore) return false;
      this.#fetching = this.#request().finally(() => {
        this.#fetching = undefined;
      });
    }
    await this.#fetching;
    return true;
  }

  async #request(): Promise<void> {
    try {
      const set = (await fetchJson(this.#url, {}, fetchLimits)) as JSONWebKeySet;
      this.#keys = createLocalJWKSet(set);
      this.#fetchedAt = this.#clock.now();
      this.#notBefore = this.#fetchedAt + pauseMs;
      this.#answers = true;
    } catch (error) {
      this.#answers = false;
      this.#notBefore = this.#clock.now() + failedPauseMs;
      this.#log.warn('Keys for tokens could not be fetched', {
        url: this.#url,
        keysKnown: this.#keys !== undefined,
        error,
      });
    }
  }
}
