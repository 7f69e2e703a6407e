import { unreachableReason } from '../sdk/http/unreachable.ts';
import type { ConnectOptions } from '../sdk/sdk.ts';
import { isJsonObject } from '../std/json.ts';

type Query = Readonly<Record<string, string | number | readonly string[] | undefined>>;

/** The server answered with a problem (RFC 9457). The message is its sentence. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string | undefined;
  /** The problem as it came. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(
    message: string,
    status: number,
    code: string | undefined,
    details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.details = details;
  }
}

/** The HTTP API as anyone else sees it. Every method throws `ApiError` for an answer that is not 2xx. */
export class Api {
  readonly #base: string;
  readonly #authorization: string | undefined;

  /** Of a token, and of a user name and password in the URL, the token is what it logs in by. */
  constructor(url: string, token?: string) {
    const { base, username, password } = takeLogin(url);
    const login = username && `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    this.#base = base.replace(/\/+$/, '');
    this.#authorization = token === undefined ? login : `Bearer ${token}`;
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

  /** Sends a file, read while it is sent. */
  async upload<T>(path: string, file: Blob, query: Query = {}): Promise<T> {
    return this.#answer(await this.#send('POST', withQuery(path, query), file));
  }

  /** The body as it comes. What is not an error at once may still break off: then the stream rejects. */
  async download(path: string, query: Query = {}): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#send('GET', withQuery(path, query));
    if (!response.ok) throw this.#problemOf(response.status, await response.text());
    if (response.body === null) throw new ApiError('The server answered without a body', response.status, undefined);
    return response.body;
  }

  async #request<T>(method: string, path: string, body?: unknown): Promise<T> {
    return this.#answer(await this.#send(method, path, body));
  }

  async #answer<T>(response: Response): Promise<T> {
    const text = await response.text();
    if (!response.ok) throw this.#problemOf(response.status, text);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  #problemOf(status: number, text: string): ApiError {
    return problemOf(status, text, this.#authorization === undefined ? howToLogIn : '');
  }

  #send(method: string, path: string, body?: unknown): Promise<Response> {
    const headers: Record<string, string> = {};
    if (this.#authorization !== undefined) headers.authorization = this.#authorization;
    const isFile = body instanceof Blob;
    if (body !== undefined) headers['content-type'] = isFile ? body.type : 'application/json';
    const request = { method, headers, body: isFile || body === undefined ? body : JSON.stringify(body) };
    return fetch(this.#base + path, request).catch((cause: Error) => {
      throw new Error(`Cannot reach ${this.#base}: ${reasonOf(this.#base, cause)}`, { cause });
    });
  }
}

/** A path with its variable parts escaped: `` path`/v1/queues/${name}` ``. */
export function path(literals: TemplateStringsArray, ...parts: readonly string[]): string {
  return String.raw({ raw: literals }, ...parts.map(encodeURIComponent));
}

function withQuery(path: string, query: Query): string {
  const given = Object.entries(query).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((each): [string, string] => [name, String(each)]),
  );
  return given.length === 0 ? path : `${path}?${new URLSearchParams(given)}`;
}

const howToLogIn = ': log in by --token (SLUICE_TOKEN), or by --url http://USER:PASSWORD@HOST:PORT (SLUICE_URL)';

/** The same for a client of the SDK. */
export function clientLogin(url: string, token: string | undefined): { base: string; login: ConnectOptions } {
  const { base, ...named } = takeLogin(url);
  return { base, login: token === undefined ? named : { token } };
}

/** `fetch` takes no URL with a user name in it. Throws where what stands there is not escaped as a URL wants it. */
function takeLogin(given: string): { base: string; username?: string; password?: string } {
  const url = URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || url.username === '') return { base: given };
  const username = unescaped(url.username);
  const password = unescaped(url.password);
  url.username = '';
  url.password = '';
  return { base: url.href, username, password };
}

function unescaped(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw new Error('Write a % in the user name or password of --url as %25', { cause });
  }
}

function problemOf(status: number, text: string, ifUnknown: string): ApiError {
  const problem = parseObject(text);
  const code = typeof problem?.code === 'string' ? problem.code : undefined;
  const sentence = [problem?.detail, problem?.title].find((each) => typeof each === 'string' && each !== '');
  return new ApiError(
    `${sentence ?? `The server answered with status ${status}`}${code ? ` (${code})` : ''}${status === 401 ? ifUnknown : ''}`,
    status,
    code,
    problem,
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

function reasonOf(base: string, problem: Error): string {
  if ((problem.cause as { code?: string } | undefined)?.code === 'ECONNREFUSED')
    return 'nothing listens there; start it with `sluice start`, or say where it is: --url, SLUICE_URL';
  return unreachableReason(base, problem);
}
