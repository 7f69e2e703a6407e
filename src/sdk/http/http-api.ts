import type { ConnectOptions } from '../client.ts';

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

  /** Resolves where there is somebody. */
  async greet(): Promise<void> {
    await this.#request('GET', '/healthz');
  }

  async post<T>(path: string, body: object): Promise<T> {
    const text = await this.#request('POST', path, JSON.stringify(body));
    const answer = parsed(text);
    if (answer !== undefined) return answer as T;
    throw new HttpProblem(`POST ${path} answered something else than JSON: is a proxy in between?`, 200, true);
  }

  async #request(method: string, path: string, body?: string): Promise<string> {
    const { status, text } = await this.#fetch(method, path, body);
    if (status < 300) return text;
    const { detail, title, retryable } = problemOf(text);
    throw new HttpProblem(
      detail ?? title ?? `${method} ${path} answered ${status}`,
      status,
      retryable ?? status >= 500,
    );
  }

  async #fetch(method: string, path: string, body?: string): Promise<{ status: number; text: string }> {
    try {
      const response = await fetch(this.#base + path, { method, headers: this.#headers, body });
      return { status: response.status, text: await response.text() };
    } catch (problem) {
      throw new HttpProblem(`Cannot reach ${this.#base}: ${reasonOf(problem as Error)}`, 0, true, problem);
    }
  }
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

/** `fetch failed` says nothing; its cause does. */
function reasonOf(problem: Error): string {
  return (problem.cause as Error | undefined)?.message || problem.message;
}
