import type { PublishResult } from '../client.ts';
import { type Encoded, encode, type Outbound } from '../outbound.ts';
import { PublishRefused } from '../refusals.ts';
import { pause, retryDelayMs, within } from '../retry.ts';
import { type HttpApi, HttpProblem } from './http-api.ts';

/** Messages and bytes of one request. */
const batchMessagesMax = 1_000;
const batchBytesMax = 256 * 1024;

interface Waiting {
  readonly message: Encoded;
  readonly resolve: (result: PublishResult) => void;
}

interface ItemResult {
  readonly ok: boolean;
  readonly detail?: string;
  readonly retryable?: boolean;
}

/** One request at a time, so that messages stay in order; what comes meanwhile goes together into the next. */
export class HttpPublisher {
  readonly #api: HttpApi;
  readonly #waiting: Waiting[] = [];
  readonly #closing = new AbortController();
  readonly #onNotice: (sentence: string) => void;
  #sending: Promise<void> | undefined;

  constructor(api: HttpApi, onNotice: (sentence: string) => void) {
    this.#api = api;
    this.#onNotice = onNotice;
  }

  /** Rejects for what cannot be sent at all. */
  async publish(message: Outbound): Promise<PublishResult> {
    if (this.#closing.signal.aborted) return failed(new Error('The client was closed'), false);
    const encoded = encode(message);
    return new Promise((resolve) => {
      this.#waiting.push({ message: encoded, resolve });
      this.#sending ??= this.#sendAll();
    });
  }

  /** Resolves when all is answered. */
  async close(graceMs: number | undefined): Promise<void> {
    await within(graceMs, this.#sending ?? Promise.resolve());
    this.#closing.abort();
    await this.#sending;
  }

  async #sendAll(): Promise<void> {
    // What is published in this turn goes together.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const batch = this.#nextBatch();
      const results = await this.#send(batch.map(({ message }) => message));
      batch.forEach(({ resolve }, i) => {
        resolve(results[i]);
      });
    }
    this.#sending = undefined;
  }

  #nextBatch(): Waiting[] {
    let count = 0;
    let bytes = 0;
    while (count < Math.min(this.#waiting.length, batchMessagesMax)) {
      bytes += this.#waiting[count].message.payload.length;
      if (count > 0 && bytes > batchBytesMax) break;
      count++;
    }
    return this.#waiting.splice(0, count);
  }

  /** Again where the server could not be reached. */
  async #send(messages: readonly Encoded[]): Promise<readonly PublishResult[]> {
    for (let failures = 0; ; failures++) {
      try {
        const { results } = await this.#api.post<{ results: readonly ItemResult[] }>('/v1/messages', {
          messages: messages.map(toJson),
        });
        return results.map(resultOf);
      } catch (problem) {
        const { status, message, retryable } = problem as HttpProblem;
        if (!(problem instanceof HttpProblem) || status > 0 || this.#closing.signal.aborted) {
          return messages.map(() => failed(new PublishRefused(message, retryable), retryable));
        }
        this.#onNotice(message);
        await pause(retryDelayMs(failures), this.#closing.signal);
      }
    }
  }
}

function resultOf({ ok, detail = '', retryable = false }: ItemResult): PublishResult {
  return ok ? { ok } : failed(new PublishRefused(detail, retryable), retryable);
}

function failed(error: Error, retryable: boolean): PublishResult {
  return { ok: false, error, retryable };
}

function toJson({ topic, payload, retain, contentType, expirySeconds, userProperties }: Encoded): object {
  const properties = {
    ...(contentType !== undefined && { contentType }),
    ...(expirySeconds !== undefined && { messageExpiryInterval: expirySeconds }),
    ...(userProperties.length > 0 && { userProperties }),
  };
  return { topic, payload: payload.toString('base64'), encoding: 'base64', retain, properties };
}
