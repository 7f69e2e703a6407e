import type { Readable } from 'node:stream';
import type { FastifyBodyParser, FastifyError, FastifyInstance, FastifyRequest, preParsingHookHandler } from 'fastify';
import { SluiceError } from '../errors.ts';
import { jsonDepthMax, nestsDeeper } from '../std/json-depth.ts';
import type { BodyBudget } from './body-budget.ts';
import { decompressed, isCompressed } from './content-encoding.ts';

/** What a body may have that is a stream, decompressed: 1,000,000 devices, and an end for a bomb. */
const streamBytesMax = 1024 * 1024 * 1024;

/** Fastify's hook before a body is read: what arrives is counted, and decompressed where it has to be. */
export function bodyReader(budget: BodyBudget, bytesMax: number): preParsingHookHandler {
  return (request, reply, payload, done) => {
    if (!hasBody(request)) {
      done(null, payload);
      return;
    }
    let body = payload as Readable;
    const { bodyStream = false } = request.routeOptions.config as { readonly bodyStream?: boolean };
    try {
      if (bodyStream) {
        budget.countStream(reply);
        done(null, isCompressed(request) ? decompressed(request, body, streamBytesMax) : body);
        return;
      }
      if (isCompressed(request)) {
        body = decompressed(request, body, bytesMax);
        budget.count(body, reply);
      }
    } catch (problem) {
      done(problem as Error);
      return;
    }
    budget.count(request.raw, reply);
    done(null, body);
  };
}

function hasBody({ headers }: FastifyRequest): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length']) > 0;
}

/** JSON, not too deep and without keys that reach into prototypes. A body of no bytes counts as left out. */
export function parseJsonBody(app: FastifyInstance): FastifyBodyParser<string> {
  const parse = app.getDefaultJsonParser('error', 'error');
  return (request, body, done) => {
    if (body === '') done(null, undefined);
    else if (nestsDeeper(body, jsonDepthMax)) done(tooDeep(), undefined);
    else parse(request, body, (problem, value) => done(problem === null ? null : unreadable(body), value));
  };
}

/** Fastify says that a body is no JSON, and not where. It refuses names beside that which reach the prototype of an object. */
function unreadable(body: string): SluiceError {
  try {
    JSON.parse(body);
  } catch (cause) {
    const { message } = cause as SyntaxError;
    return new SluiceError('payload_unreadable', `Send a body that is valid JSON: ${message}`, { cause });
  }
  return new SluiceError('payload_unreadable', 'Send a body without the names "__proto__" and "constructor.prototype"');
}

/** The bytes as they are, whatever the content type says, also when it says nothing. */
export function takeRawBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
  refuseUnreadableTypes(app);
}

/** The body piece by piece, of which nothing was read. What the handler leaves unread is thrown away. */
export function streamBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  // A request that is destroyed takes its connection with it, and the answer would have none.
  app.addContentTypeParser('*', (_, payload, done) => done(null, payload.iterator({ destroyOnReturn: false })));
  // Node throws away a body of which nothing was read; the rest of another would stand in front of the next request.
  app.addHook('onResponse', async ({ raw }) => void raw.resume());
  refuseUnreadableTypes(app);
}

function refuseUnreadableTypes(app: FastifyInstance): void {
  // Every content type is taken here, so what Fastify finds no parser for is a header that it cannot read.
  app.setErrorHandler<FastifyError>((thrown) => {
    if (thrown.code !== 'FST_ERR_CTP_INVALID_MEDIA_TYPE') throw thrown;
    throw new SluiceError(
      'unsupported_format',
      'Give Content-Type in the form type/subtype, or leave it out: this one cannot be read',
      { cause: thrown },
    );
  });
}

function tooDeep(): SluiceError {
  return new SluiceError(
    'payload_unreadable',
    `Send JSON with at most ${jsonDepthMax} arrays and objects inside each other: this body has more`,
  );
}
