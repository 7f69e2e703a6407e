import { isUtf8 } from 'node:buffer';
import { SluiceError } from '../errors.ts';
import type { Clock } from '../std/clock.ts';
import { isJsonObject } from '../std/json.ts';
import type { Log } from '../std/log.ts';
import { RecentMap } from '../std/recent-map.ts';
import type { Identity } from './access.ts';
import { type Authenticator, type Login, wrongCredentials } from './authenticator.ts';
import type { Digester } from './digester.ts';
import { fetchJson } from './fetch-json.ts';
import { givenRules } from './given-rules.ts';
import { broughtIdentity, type Source } from './source.ts';
import { Turns } from './turns.ts';

export interface HttpAuthenticatorSettings {
  readonly url: string | undefined;
  /** The Authorization header of the requests. */
  readonly authorization: string | undefined;
  readonly timeoutMs: number;
  /** Requests at once, and logins that wait for one. */
  readonly concurrentMax: number;
  readonly waitingMax: number;
  /** How long an answer counts for the same login again, and how many are kept. */
  readonly cacheSeconds: number;
  readonly cacheEntriesMax: number;
}

export interface HttpAuthenticatorParts {
  readonly url: string;
  readonly digester: Digester;
  readonly clock: Clock;
  readonly log: Log;
}

/** A denial is remembered no longer than this, so that a password that was just set works soon. */
const deniedMsMax = 10_000;
const answerBytesMax = 64 * 1024;

type Decision = { readonly result: 'deny' | 'ignore' } | { readonly result: 'allow'; readonly identity: Identity };

interface Remembered {
  readonly decision: Decision;
  readonly until: number;
}

/** Asks a service of the operator's about every login that shows something. */
export class HttpAuthenticator implements Authenticator {
  readonly name = 'http';
  readonly #settings: HttpAuthenticatorSettings;
  readonly #parts: HttpAuthenticatorParts;
  readonly #turns: Turns;
  readonly #stamp: string;
  readonly #remembered: RecentMap<string, Remembered>;
  readonly #asking = new Map<string, Promise<Decision>>();
  #answers = true;

  constructor(settings: HttpAuthenticatorSettings, parts: HttpAuthenticatorParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#stamp = JSON.stringify(settings);
    this.#remembered = new RecentMap(settings.cacheEntriesMax);
    const outstandingMax = settings.concurrentMax + settings.waitingMax;
    this.#turns = new Turns('authenticatorRequests', {
      concurrentMax: settings.concurrentMax,
      outstandingMax,
      perAddressMax: Math.ceil(outstandingMax / 4),
    });
  }

  async authenticate(login: Login): Promise<Identity | undefined> {
    if (login.username === undefined && login.password === undefined && login.certificate === undefined)
      return undefined;
    const question = questionOf(login);
    const decision = await this.#decide(question, login.remoteAddress);
    if (decision.result === 'deny') throw wrongCredentials('The service of access.http denied it');
    // Another object for each login: what one may do is remembered by it.
    return decision.result === 'allow' ? { ...decision.identity } : undefined;
  }

  /** What it answered holds until the connection ends, or `expiresAt`. With other settings it has to be asked again. */
  reexamine(identity: Identity): Identity | undefined {
    return identity.proof?.stamp === this.#stamp ? identity : undefined;
  }

  /** The service can only be asked with a password, and that is gone: what it answered goes on, as long as it is asked at all. */
  ofSource(source: Source): Identity {
    return broughtIdentity(source, this.name, []);
  }

  /** The same question asked twice at once is one request. */
  async #decide(question: Question, remoteAddress: string): Promise<Decision> {
    const key = this.#parts.digester.digest(JSON.stringify(question));
    const remembered = this.#remembered.get(key);
    if (remembered !== undefined && remembered.until > this.#parts.clock.now()) return remembered.decision;
    const asking = this.#asking.get(key);
    if (asking !== undefined) return asking;
    const answer = this.#turns.take(remoteAddress, () => this.#ask(question));
    this.#asking.set(key, answer);
    try {
      const decision = await answer;
      this.#remember(key, decision);
      return decision;
    } finally {
      this.#asking.delete(key);
    }
  }

  #remember(key: string, decision: Decision): void {
    const cacheMs = this.#settings.cacheSeconds * 1000;
    const ms = decision.result === 'allow' ? cacheMs : Math.min(cacheMs, deniedMsMax);
    const expiresAt = decision.result === 'allow' ? decision.identity.expiresAt : undefined;
    const until = Math.min(this.#parts.clock.now() + ms, expiresAt ?? Number.POSITIVE_INFINITY);
    if (ms > 0) this.#remembered.set(key, { decision, until });
  }

  async #ask(question: Question): Promise<Decision> {
    const { authorization, timeoutMs } = this.#settings;
    const { url, log } = this.#parts;
    const headers = { 'content-type': 'application/json', ...(authorization !== undefined && { authorization }) };
    try {
      const request = { method: 'POST', headers, body: JSON.stringify(question) };
      const decision = this.#read(await fetchJson(url, request, { timeoutMs, bytesMax: answerBytesMax }), question);
      if (!this.#answers) log.info('The HTTP authenticator answers again', { url });
      this.#answers = true;
      return decision;
    } catch (cause) {
      // Once, and not for every login that fails of it.
      if (this.#answers) log.error('The HTTP authenticator does not answer as it should', { url, error: cause });
      this.#answers = false;
      throw new SluiceError('unavailable', 'Log in again later: the server cannot check logins now', { cause });
    }
  }

  #read(answer: unknown, question: Question): Decision {
    if (!isJsonObject(answer)) throw new Error('Expected a JSON object as the answer');
    const { result, admin = false, expiresAt } = answer;
    if (result === 'deny' || result === 'ignore') return { result };
    if (result !== 'allow')
      throw new Error(`Expected result "allow", "deny" or "ignore", met ${JSON.stringify(result)}`);
    if (typeof admin !== 'boolean') throw new Error('Expected true or false for admin');
    const name = answer.name ?? question.username ?? question.certificateName ?? question.clientId;
    if (typeof name !== 'string' || name === '') throw new Error('Expected a name that is not empty');
    if (expiresAt !== undefined && !Number.isSafeInteger(expiresAt))
      throw new Error('Expected expiresAt in seconds since 1970');
    const rules = givenRules(answer, JSON.stringify(name)) ?? [];
    const proof = { by: this.name, stamp: this.#stamp, brought: true } as const;
    const expiry = expiresAt === undefined ? {} : { expiresAt: (expiresAt as number) * 1000 };
    return { result, identity: { kind: 'user', name, admin, rules, proof, ...expiry } };
  }
}

type Question = ReturnType<typeof questionOf>;

/** What the service is asked; what is not there is left out. */
function questionOf({ clientId, username, password, remoteAddress, certificate, through }: Login) {
  return {
    clientId,
    username,
    ...(password === undefined
      ? {}
      : isUtf8(password)
        ? { password: password.toString() }
        : { passwordBase64: password.toString('base64') }),
    remoteAddress,
    listener: through.listener,
    certificateName: certificate?.commonName,
    certificateFingerprint: certificate?.fingerprint,
  };
}
