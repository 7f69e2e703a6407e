import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { TestContext } from 'node:test';

export interface LocalRequest {
  readonly body: string;
  readonly headers: IncomingMessage['headers'];
}

type Answer = (request: LocalRequest, response: ServerResponse) => void;

/** A server on this machine that a test can make answer anything, or nothing at all. Goes with the test. */
export class LocalServer {
  /** Everything that was asked. */
  readonly requests: LocalRequest[] = [];
  answer: Answer;
  readonly #server = createServer(async (request, response) => {
    const received = { body: await text(request), headers: request.headers };
    this.requests.push(received);
    this.answer(received, response);
  });

  constructor(answer: Answer) {
    this.answer = answer;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  async start(t: TestContext): Promise<this> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    t.after(() => {
      this.#server.closeAllConnections();
      this.#server.close();
    });
    return this;
  }
}

export function json(body: unknown, status = 200): Answer {
  return (_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  };
}

/** Takes the request and says nothing. */
export const silence: Answer = (_, response) => {
  response.on('close', () => response.destroy());
};
