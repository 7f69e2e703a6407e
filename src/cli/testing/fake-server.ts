import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { runCli } from '../cli.ts';
import type { Terminal } from '../command.ts';

export interface SeenRequest {
  readonly method: string;
  readonly url: string;
  readonly body: unknown;
  readonly authorization: string | undefined;
}

interface Answer {
  readonly status?: number;
  readonly body?: unknown;
  readonly type?: string;
}

/** An HTTP server that answers what it was told to and remembers what it was asked. */
export class FakeServer {
  readonly seen: SeenRequest[] = [];
  readonly #answers: Readonly<Record<string, Answer>>;
  readonly #server: Server;

  /** Answers by `METHOD /path`, without the query. */
  constructor(answers: Readonly<Record<string, Answer>>) {
    this.#answers = answers;
    this.#server = createServer(async (request, response) => {
      let text = '';
      for await (const chunk of request) text += chunk;
      const { method = '', url = '' } = request;
      const body = text === '' ? undefined : JSON.parse(text);
      this.seen.push({ method, url, body, authorization: request.headers.authorization });
      const answer = this.#answers[`${method} ${url.split('?')[0]}`] ?? {
        status: 404,
        body: { title: 'No such route' },
      };
      response.writeHead(answer.status ?? 200, { 'content-type': answer.type ?? 'application/json' });
      const sent = answer.body;
      response.end(typeof sent === 'string' || sent === undefined ? sent : JSON.stringify(sent));
    });
  }

  async start(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

export interface Run {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** Runs one command line in this process. */
export async function run(argv: readonly string[], surroundings: Partial<Terminal> = {}): Promise<Run> {
  const out: string[] = [];
  const err: string[] = [];
  const status = await runCli(argv, {
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    stdin: process.stdin,
    env: {},
    cwd: process.cwd(),
    ...surroundings,
  });
  return { status, out: out.join('\n'), err: err.join('\n') };
}

/** Runs one command line against a server with these answers. */
export async function runAgainst(
  answers: Readonly<Record<string, Answer>>,
  argv: readonly string[],
  surroundings: Partial<Terminal> = {},
): Promise<Run & { seen: readonly SeenRequest[] }> {
  const server = new FakeServer(answers);
  const url = await server.start();
  try {
    const env = { SLUICE_URL: url, ...surroundings.env };
    return { ...(await run(argv, { ...surroundings, env })), seen: server.seen };
  } finally {
    await server.stop();
  }
}
