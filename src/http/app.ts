import type { TLSSocket } from 'node:tls';
import swagger from '@fastify/swagger';
import {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifyServerOptions,
  fastify,
} from 'fastify';
import { handshakeOptions, lacksCertificate } from '../access/client-certificate.ts';
import { SluiceError } from '../errors.ts';
import type { Log } from '../std/log.ts';
import type { TlsMaterial } from '../std/tls-files.ts';
import { bodyReader, parseJsonBody, streamBodies, takeRawBodies } from './bodies.ts';
import type { BodyBudget } from './body-budget.ts';
import { contract } from './contract.ts';
import type { HttpParts, HttpTlsOptions } from './http-parts.ts';
import type { MetricsPage } from './metrics/metrics-page.ts';
import { openApiOptions } from './open-api.ts';
import { problemAnswer } from './problem.ts';
import type { Route, RouteParts } from './route.ts';
import { serveRoute } from './serve-route.ts';
import { refuseExpectation, unreadableEnder } from './unreadable.ts';
import { compileSchema, validationError } from './validation.ts';

/** HTTP connections at once. */
export const connectionsMax = 10_000;

/** Where hostile or broken clients run into an end. */
const limits = {
  headersMsMax: 10_000,
  /** A whole request. */
  requestMsMax: 60_000,
  /** Silence on a connection; longer than the longest poll and the longest wait for receipts. */
  idleMsMax: 65_000,
  headerBytesMax: 16 * 1024,
  headersMax: 100,
  /** One part of a path; the longest is an id of 128 characters, percent-encoded. */
  pathPartCharactersMax: 400,
};

export interface AppSettings {
  readonly bodyBudget: BodyBudget;
  readonly tls: TlsMaterial | undefined;
  readonly stopping: () => boolean;
}

type AppParts = HttpParts & Omit<RouteParts, 'openApi'>;

/** The contract on a Fastify server that does not listen yet. */
export async function createApp(parts: AppParts, settings: AppSettings): Promise<FastifyInstance> {
  const app = fastify(serverOptions(parts, settings)) as FastifyInstance;
  app.server.maxHeadersCount = limits.headersMax;
  app.server.maxConnections = parts.options.connectionsMax ?? connectionsMax;
  app.server.on('checkExpectation', refuseExpectation);
  requireCertificates(app, parts.options.tls);
  app.setValidatorCompiler(compileSchema);
  app.setSerializerCompiler(() => (body) => JSON.stringify(body));
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, parseJsonBody(app));
  refuseWhileStopping(app, settings);
  app.addHook('preParsing', bodyReader(settings.bodyBudget, parts.options.bodyBytesMax));
  answerProblems(app, parts);
  countRequests(app, parts.metricsPage);
  await app.register(swagger, openApiOptions);
  await serveContract(app, { ...parts, openApi: () => app.swagger() });
  await app.ready();
  return app;
}

function serverOptions({ options, clock, log, metricsPage }: AppParts, { tls }: AppSettings): FastifyServerOptions {
  const server = { headersTimeout: limits.headersMsMax, maxHeaderSize: limits.headerBytesMax };
  const all = {
    bodyLimit: options.bodyBytesMax,
    requestTimeout: limits.requestMsMax,
    connectionTimeout: limits.idleMsMax,
    routerOptions: { maxParamLength: limits.pathPartCharactersMax },
    schemaErrorFormatter: validationError,
    // Of requests for which no route is looked for, so that no hook sees them either.
    frameworkErrors: (thrown: unknown, request: FastifyRequest, reply: FastifyReply): void => {
      answerProblem(thrown, request, reply, log);
      metricsPage.countRequest(request.method, 'none', reply.statusCode);
    },
    clientErrorHandler: unreadableEnder(clock),
    // Our own hook says it as a problem.
    return503OnClosing: false,
    ...(tls === undefined
      ? { http: server }
      : { https: { ...server, ...tls, ...(options.tls && handshakeOptions(options.tls)) } }),
  };
  return all as unknown as FastifyServerOptions;
}

/** Ends connections without the certificate that is required, where the handshake does not. */
function requireCertificates({ server }: FastifyInstance, tls: HttpTlsOptions | undefined): void {
  if (tls === undefined) return;
  server.on('secureConnection', (socket: TLSSocket) => {
    if (lacksCertificate(socket, tls)) socket.destroy();
  });
}

async function serveContract(app: FastifyInstance, parts: RouteParts): Promise<void> {
  const isJson = ({ rawBody, bodyStream }: Route): boolean => rawBody === undefined && bodyStream === undefined;
  for (const row of contract) if (isJson(row)) serveRoute(app, row, parts);
  await app.register(async (raw) => {
    takeRawBodies(raw);
    for (const row of contract) if (row.rawBody !== undefined) serveRoute(raw, row, parts);
  });
  await app.register(async (streamed) => {
    streamBodies(streamed);
    for (const row of contract) if (row.bodyStream !== undefined) serveRoute(streamed, row, parts);
  });
}

function refuseWhileStopping(app: FastifyInstance, { stopping }: AppSettings): void {
  app.addHook('onRequest', (_, reply, done) => {
    if (!stopping()) {
      done();
      return;
    }
    reply.header('connection', 'close');
    done(new SluiceError('unavailable', 'Send the request again later: the server stops'));
  });
}

function answerProblems(app: FastifyInstance, { log }: AppParts): void {
  app.setErrorHandler((thrown, request, reply) => answerProblem(thrown, request, reply, log));
  app.setNotFoundHandler(({ method, url }) => {
    throw new SluiceError(
      'not_found',
      `Look into /v1/openapi.json for what there is: ${method} ${url.slice(0, 200)} is not`,
    );
  });
}

function answerProblem(thrown: unknown, request: FastifyRequest, reply: FastifyReply, log: Log): FastifyReply {
  const { status, headers, body } = problemAnswer(thrown);
  if (status >= 500) {
    const { method } = request;
    const { code } = body;
    const url = loggedUrl(request);
    log[code === 'internal' ? 'error' : 'warn']('A request failed', { method, url, code, problem: thrown });
  }
  return reply
    .code(status)
    .headers(headers)
    .send(Buffer.from(JSON.stringify(body)));
}

/** A token in a path opens the device to whoever reads the log. */
function loggedUrl({ url, routeOptions }: FastifyRequest): string {
  return routeOptions.url?.includes(':token') ? routeOptions.url : url;
}

function countRequests(app: FastifyInstance, metricsPage: MetricsPage): void {
  app.addHook('onResponse', (request, reply, done) => {
    metricsPage.countRequest(request.method, request.routeOptions.url ?? 'none', reply.statusCode);
    done();
  });
}
