import { isJsonObject } from '../std/json.ts';

type Query = Readonly<Record<string, string | number | undefined>>;

/** The server answered with a problem (RFC 9457). The message is its sentence. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string | undefined;

  constructor(message: string, status: number, code: string | undefined) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The HTTP API as anyone else sees it. Every method throws `ApiError` for an answer that is not 2xx. */
export class Api {
  readonly #base: string;
  readonly #authorization: string | undefined;

  constructor(url: string, token?: string) {
    this.#base = url.replace(/\/+$/, '');
    this.#authorization = token === undefined ? undefined : `Bearer ${token}`;
  }

  get<T>(path: string, query: Query = {}): Promise<T> {
    return this.#request<T>('GET', withQuery(path, query));
  }

  /** Undefined where the server answers with this code. */
  async find<T>(path: string, absentCode: string): Promise<T | undefined> {
    try {
      return await this.get<T>(path);
    } catch (problem) {
      if (problem instanceof ApiError && problem.code === absentCode) return undefined;
      throw problem;
    }
  }

  post<T>(path: string, body: unknown = {}): Promise<T> {
    return this.#request<T>('POST', path, body);
  }

  patch<T>(path: string, body: unknown): Promise<T> {
    return this.#request<T>('PATCH', path, body);
  }

  put<T>(path: string, body: unknown): Promise<T> {
    return this.#request<T>('PUT', path, body);
  }

  delete<T = void>(path: string): Promise<T> {
    return this.#request<T>('DELETE', path);
  }

  async #request<T>(method: string, path: string, body?: unknown): Promise<T> {
    const headers: Record<string, string> = {};
    if (this.#authorization !== undefined) headers.authorization = this.#authorization;
    if (body !== undefined) headers['content-type'] = 'application/json';
    const request = { method, headers, body: body === undefined ? undefined : JSON.stringify(body) };
    const response = await fetch(this.#base + path, request).catch((cause: Error) => {
      throw new Error(`Cannot reach ${this.#base}: ${reasonOf(cause)}`, { cause });
    });
    const text = await response.text();
    if (!response.ok) throw problemOf(response.status, text);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }
}

/** A path with its variable parts escaped: `` path`/v1/queues/${name}` ``. */
export function path(literals: TemplateStringsArray, ...parts: readonly string[]): string {
  return String.raw({ raw: literals }, ...parts.map(encodeURIComponent));
}

function withQuery(path: string, query: Query): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  if (given.length === 0) return path;
  return `${path}?${new URLSearchParams(Object.fromEntries(given.map(([name, value]) => [name, String(value)])))}`;
}

function problemOf(status: number, text: string): ApiError {
  const problem = parseObject(text);
  const code = typeof problem?.code === 'string' ? problem.code : undefined;
  const sentence = [problem?.detail, problem?.title].find((each) => typeof each === 'string' && each !== '');
  return new ApiError(
    `${sentence ?? `The server answered with status ${status}`}${code ? ` (${code})` : ''}`,
    status,
    code,
  );
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch (problem) {
    // A proxy in between may answer in HTML: then the status is all there is to say.
    if (problem instanceof SyntaxError) return undefined;
    throw problem;
  }
}

/** `fetch failed` says nothing; its cause does. */
function reasonOf(problem: Error): string {
  const cause = problem.cause as { code?: string; message?: string } | undefined;
  if (cause?.code === 'ECONNREFUSED') return 'nothing listens there; start it with `sluice start`';
  return cause?.message || problem.message;
}
