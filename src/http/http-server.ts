import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { SluiceError } from '../errors.ts';
import type { Part } from '../std/lifecycle.ts';
import { createApp, type TlsMaterial } from './app.ts';
import { BodyBudget } from './body-budget.ts';
import type { HttpOptions, HttpParts } from './http-parts.ts';
import { LongPolls } from './long-polls.ts';
import { MetricsPage } from './metrics/metrics-page.ts';

/** How long a stop waits for requests that are being answered; then their connections are closed. */
const stopMsMax = 5_000;

/** Request bodies of all connections together, where the options say nothing. */
const bodiesBytesMax = 256 * 1024 * 1024;

/** The HTTP API on a port. */
export class HttpServer implements Part {
  readonly name = 'http';
  readonly #parts: HttpParts;
  readonly #longPolls = new LongPolls();
  #app: FastifyInstance | undefined;
  #stopping = false;
  #connections = 0;

  constructor(parts: HttpParts) {
    this.#parts = parts;
  }

  /** The port that is listened on; 0 before the start. */
  get port(): number {
    const address = this.#app?.server.address() as AddressInfo | null | undefined;
    return address?.port ?? 0;
  }

  async start(): Promise<void> {
    const { options, engine, metrics, log } = this.#parts;
    const bodyBudget = new BodyBudget(options.bodiesBytesMax ?? bodiesBytesMax);
    const metricsPage = new MetricsPage({
      engine,
      platform: metrics,
      http: () => ({
        connections: this.#connections,
        longPolls: this.#longPolls.count,
        bodiesBytes: bodyBudget.bytes,
        bodiesRefused: bodyBudget.refused,
      }),
    });
    metricsPage.start();
    const tls = options.tls === undefined ? undefined : await readTls(options.tls);
    const parts = { ...this.#parts, longPolls: this.#longPolls, metricsPage };
    this.#app = await createApp(parts, { tls, bodyBudget, stopping: () => this.#stopping });
    this.#app.server.on('connection', (socket) => {
      this.#connections++;
      socket.once('close', () => this.#connections--);
    });
    await this.#app.listen({ host: options.host, port: options.port });
    log.info('HTTP listens', { host: options.host, port: this.port, tls: tls !== undefined });
  }

  /** Takes no more connections, ends what waits, lets requests finish, and cuts off what takes too long. */
  async stop(): Promise<void> {
    const app = this.#app;
    if (app === undefined) return;
    this.#stopping = true;
    this.#longPolls.stop();
    const cutOff = this.#parts.clock.after(stopMsMax, () => app.server.closeAllConnections());
    await app.close();
    cutOff.cancel();
    this.#app = undefined;
  }
}

async function readTls({ certFile, keyFile }: NonNullable<HttpOptions['tls']>): Promise<TlsMaterial> {
  const [cert, key] = await Promise.all([readPem(certFile), readPem(keyFile)]);
  return { cert, key };
}

async function readPem(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new SluiceError(
      'invalid_argument',
      `Cannot read TLS file ${JSON.stringify(file)}: ${(cause as Error).message}`,
      { cause },
    );
  }
}
