import { Server as HttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { CurrentDirectory } from '../queues/queue-directory.ts';
import { CertificateReloader } from '../std/certificate-reloader.ts';
import type { Part } from '../std/lifecycle.ts';
import type { TlsMaterial } from '../std/tls-files.ts';
import { createApp } from './app.ts';
import { BodyBudget } from './body-budget.ts';
import type { HttpParts } from './http-parts.ts';
import { LongPolls } from './long-polls.ts';
import { MetricsPage } from './metrics/metrics-page.ts';
import { Returning } from './returning.ts';

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
  readonly #certificates: CertificateReloader | undefined;
  #tls: TlsMaterial | undefined;

  constructor(parts: HttpParts) {
    const { options, clock, log } = parts;
    this.#parts = parts;
    const apply = (material: TlsMaterial): void => this.#useTls(material);
    this.#certificates = options.tls && new CertificateReloader({ paths: options.tls, apply, clock, log });
  }

  /** The port that is listened on; 0 before the start. */
  get port(): number {
    const address = this.#app?.server.address() as AddressInfo | null | undefined;
    return address?.port ?? 0;
  }

  async start(): Promise<void> {
    const { options, watch, metrics, log } = this.#parts;
    const bodyBudget = new BodyBudget(options.bodiesBytesMax ?? bodiesBytesMax);
    const metricsPage = new MetricsPage({
      watch,
      platform: metrics,
      http: () => ({
        connections: this.#connections,
        longPolls: this.#longPolls.count,
        bodiesBytes: bodyBudget.bytes,
        bodiesRefused: bodyBudget.refused,
      }),
    });
    metricsPage.start();
    await this.#certificates?.start();
    const parts = {
      ...this.#parts,
      longPolls: this.#longPolls,
      metricsPage,
      returning: new Returning(),
      directory: new CurrentDirectory(this.#parts.engine),
    };
    this.#app = await createApp(parts, { tls: this.#tls, bodyBudget, stopping: () => this.#stopping });
    this.#app.server.on('connection', (socket) => {
      this.#connections++;
      socket.once('close', () => this.#connections--);
    });
    await this.#app.listen({ host: options.host, port: options.port });
    log.info('HTTP listens', { host: options.host, port: this.port, tls: this.#tls !== undefined });
  }

  /** Reads the TLS files again. */
  async reload(): Promise<void> {
    await this.#certificates?.reload();
  }

  /** Takes no more connections, ends what waits, lets requests finish, and cuts off what takes too long. */
  async stop(): Promise<void> {
    this.#certificates?.stop();
    const app = this.#app;
    if (app === undefined) return;
    this.#stopping = true;
    this.#longPolls.stop();
    const cutOff = this.#parts.clock.after(stopMsMax, () => app.server.closeAllConnections());
    await app.close();
    cutOff.cancel();
    this.#app = undefined;
  }

  /** Connections that are open go on with the certificate that they began with. */
  #useTls(material: TlsMaterial): void {
    this.#tls = material;
    const server: unknown = this.#app?.server;
    if (server instanceof HttpsServer) server.setSecureContext({ ...material });
  }
}
