import type { ConnectOptions } from '../client.ts';
import { reasonOf, unreachableReason } from './unreachable.ts';

/** The server answered with problem details (RFC 9457), or not at all (`status` 0). */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly status: number;
  readonly retryable: boolean;

  constructor(message: string, status: number, retryable: boolean, cause?: unknown) {
    super(message, { cause });
    this.status = status;
    this.retryable = retryable;
  }
}

/** Requests with JSON to one server. Everything rejects with `HttpProblem`. */
export class HttpApi {
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(url: URL, options: ConnectOptions) {
    this.#base = url.href.replace(/\/+$/, '');
    this.#headers = { 'content-type': 'application/json', ...authorization(options) };
  }

  /** Resolves where there is somebody who lets this client in: publishes nothing, to hear whether it may. */
  async greet(): Promise<void> {
    try {
      await this.#request('POST', '/v1/messages', JSON.stringify({ messages: [] }));
    } catch (problem) {
      // Looked at behind the credentials: nothing is too little.
      if (!(problem instanceof HttpProblem) || problem.status !== 400) throw problem;
    }
  }

  async post<T>(path: string, body: object, signal?: AbortSignal): Promise<T> {
    const text = await this.#request('POST', path, JSON.stringify(body), signal);
    const answer = parsed(text);
    if (answer !== undefined) return answer as T;
    throw new HttpProblem(`POST ${path} answered something else than JSON: is a proxy in between?`, 200, true);
  }

  /**
   * The lines of an answer that has no end, until `signal` is aborted. Ends where the server ends it; rejects where the
   * connection does, and where nothing comes for `silenceMsMax`: a long line may take longer.
   */
  async *lines(path: string, body: object, signal: AbortSignal, silenceMsMax: number): AsyncGenerator<string> {
    const silence = new AbortController();
    const over = AbortSignal.any([signal, silence.signal]);
    const listen = (): NodeJS.Timeout => setTimeout(() => silence.abort(), silenceMsMax);
    let timer = listen();
    const heard = (): void => {
      clearTimeout(timer);
      timer = listen();
    };
    try {
      const response = await this.#send('POST', path, JSON.stringify(body), over);
      if (!response.ok) throw refusal('POST', path, response.status, await response.text());
      for await (const line of linesOf(response.body, heard)) {
        clearTimeout(timer);
        yield line;
        heard();
      }
    } catch (problem) {
      if (problem instanceof HttpProblem) throw problem;
      throw new HttpProblem(`The connection to ${this.#base} ended: ${reasonOf(problem as Error)}`, 0, true, problem);
    } finally {
      clearTimeout(timer);
      silence.abort();
    }
  }

  async #request(method: string, path: string, body?: string, signal?: AbortSignal): Promise<string> {
    const response = await this.#send(method, path, body, signal);
    const text = await response.text().catch((problem) => {
      throw this.#unreachable(problem);
    });
    if (response.ok) return text;
    throw refusal(method, path, response.status, text);
  }

  async #send(method: string, path: string, body?: string, signal?: AbortSignal): Promise<Response> {
    try {
      return await fetch(this.#base + path, { method, headers: this.#headers, body, signal });
    } catch (problem) {
      throw this.#unreachable(problem as Error);
    }
  }

  #unreachable(problem: Error): HttpProblem {
    return new HttpProblem(`Cannot reach ${this.#base}: ${unreachableReason(this.#base, problem)}`, 0, true, problem);
  }
}

function refusal(method: string, path: string, status: number, text: string): HttpProblem {
  const { detail, title, retryable } = problemOf(text);
  return new HttpProblem(detail ?? title ?? `${method} ${path} answered ${status}`, status, retryable ?? status >= 500);
}

/** Without their ends; the last one may lack it. */
async function* linesOf(body: ReadableStream<Uint8Array> | null, heard: () => void): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let begun = '';
  for await (const chunk of body ?? []) {
    heard();
    const text = decoder.decode(chunk, { stream: true });
    if (!text.includes('\n')) {
      // A long line is not looked at anew for each of its chunks.
      begun += text;
      continue;
    }
    const lines = (begun + text).split('\n');
    begun = lines.pop() ?? '';
    yield* lines;
  }
  if (begun !== '') yield begun;
}

function authorization({ token, username, password = '' }: ConnectOptions): Record<string, string> {
  if (token !== undefined) return { authorization: `Bearer ${token}` };
  if (username === undefined) return {};
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}` };
}

interface ProblemDetails {
  readonly detail?: string;
  readonly title?: string;
  readonly retryable?: boolean;
}

/** A proxy in between may answer in HTML: then the status is all there is to say. */
function problemOf(text: string): ProblemDetails {
  const details = parsed(text);
  return typeof details === 'object' && details !== null ? details : {};
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (problem) {
    if (problem instanceof SyntaxError) return undefined;
    throw problem;
  }
}
