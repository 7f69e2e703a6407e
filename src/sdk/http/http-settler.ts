import type { Outcome } from '../outcome.ts';
import { pause, retryDelayMs } from '../retry.ts';
import { type HttpApi, HttpProblem } from './http-api.ts';

/** Tries to tell the server; then the lease ends by itself, and the message comes again. */
const triesMax = 8;
/** Tokens of one request. */
const batchTokensMax = 1_000;

interface Settlement {
  readonly token: string;
  readonly outcome: Outcome;
}

/** Tells the server what became of leased messages: one request at a time, with all that came meanwhile. */
export class HttpSettler {
  readonly #api: HttpApi;
  readonly #path: string;
  readonly #onNotice: (sentence: string) => void;
  #waiting: Settlement[] = [];
  #telling: Promise<void> | undefined;

  /** `path`: of the queue. */
  constructor(api: HttpApi, path: string, onNotice: (sentence: string) => void) {
    this.#api = api;
    this.#path = path;
    this.#onNotice = onNotice;
  }

  settle(token: string, outcome: Outcome): void {
    this.#waiting.push({ token, outcome });
    this.#telling ??= this.#tellAll();
  }

  /** Resolves when everything was told. */
  async done(): Promise<void> {
    await this.#telling;
  }

  async #tellAll(): Promise<void> {
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, batchTokensMax);
      for (const [body, path] of requestsOf(batch)) await this.#tell(`${this.#path}/${path}`, body);
    }
    this.#telling = undefined;
  }

  async #tell(path: string, body: { readonly tokens: readonly string[] }): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await this.#api.post(path, body);
        return;
      } catch (problem) {
        if (!(problem instanceof HttpProblem)) throw problem;
        this.#onNotice(problem.message);
        if (!problem.retryable || tries === triesMax) return;
        await pause(retryDelayMs(tries), never);
      }
    }
  }
}

const never = new AbortController().signal;

interface Body {
  readonly tokens: string[];
  readonly mode?: string;
  readonly code?: string;
  readonly reason?: string;
}

/** Those of the same answers over MQTT: what one cause kills is one group of dead letters, however its consumers are connected. */
const codes = { failed: 'reason_0x80', rejected: 'reason_0x99' } as const;

/** Equal outcomes go together. */
function requestsOf(batch: readonly Settlement[]): [Body, string][] {
  const groups = new Map<string, Settlement[]>();
  for (const settlement of batch) {
    const outcome = JSON.stringify(settlement.outcome);
    const equal = groups.get(outcome);
    if (equal === undefined) groups.set(outcome, [settlement]);
    else equal.push(settlement);
  }
  return [...groups.values()].map((settlements) => {
    const tokens = settlements.map(({ token }) => token);
    const [{ outcome }] = settlements;
    if (outcome.kind === 'acknowledged') return [{ tokens }, 'ack'];
    if (outcome.kind === 'released') return [{ tokens, mode: 'released' }, 'nack'];
    return [{ tokens, mode: outcome.kind, code: codes[outcome.kind], reason: outcome.reason }, 'nack'];
  });
}
