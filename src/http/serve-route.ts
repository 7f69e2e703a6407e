import type { FastifyInstance, FastifyReply, FastifyRequest, preValidationHookHandler } from 'fastify';
import { SluiceError, withRemedy } from '../errors.ts';
import { admitCaller, type Caller } from './caller.ts';
import { certificateOf } from './connection-certificate.ts';
import { Presence } from './presence.ts';
import { requireQueueRight } from './queue-rights.ts';
import type { Answer, Route, RouteParts } from './route.ts';
import { problem } from './schemas.ts';

/** Binds one row of the contract to the server. */
export function serveRoute(app: FastifyInstance, row: Route, parts: RouteParts): void {
  const callers = new WeakMap<FastifyRequest, Caller>();
  const through = { listener: 'http', certificateIdentity: parts.options.certificateIdentity };
  app.route({
    method: row.method,
    url: row.path.replace(/\{(\w+)\}/g, ':$1'),
    schema: schemaOf(row),
    ...configOf(row),
    // Before the body is read: who may not call does not get to send one either.
    onRequest: async (request) => {
      const params = request.params as Record<string, string | undefined>;
      const { token } = params;
      const caller = await admitCaller(parts.access, row.who, {
        headers: token === undefined ? request.headers : { ...request.headers, authorization: `Bearer ${token}` },
        // Undefined where the caller left already.
        remoteAddress: request.ip ?? '',
        remotePort: request.socket.remotePort ?? 0,
        certificate: certificateOf(request.socket, parts.options.tls),
        through,
        deviceId: params.id,
      });
      if (row.who === 'consumer' || row.who === 'producer') {
        await requireQueueRight(parts, row.who, caller, params.name ?? '');
      }
      if (params.id === 'me' && caller.identity.kind === 'device') params.id = caller.identity.name;
      callers.set(request, caller);
    },
    // A body may be left out where every field of it has a default.
    ...(row.schemas.body !== undefined && { preValidation: emptyBody }),
    handler: async (request, reply) => {
      const { params, query, headers, body } = request;
      const caller = callers.get(request) as Caller;
      const presence = new Presence(reply.raw, parts.returning.note(request.socket));
      const told = { params, query, headers, body, caller, presence };
      try {
        return send(reply, await row.handle(told, parts));
      } catch (problem) {
        throw problem instanceof SluiceError && parts.access.mayAdminister(caller.identity)
          ? withRemedy(problem)
          : problem;
      }
    },
  });
}

const emptyBody: preValidationHookHandler = (request, _, done) => {
  request.body ??= {};
  done();
};

function send(reply: FastifyReply, { status, body, headers = {} }: Answer): FastifyReply {
  return reply
    .code(status)
    .headers({ 'cache-control': 'no-store', ...headers })
    .send(body);
}

function schemaOf({ schemas, summary, tag, who }: Route): object {
  const { params, query, headers, body, responses } = schemas;
  return {
    summary,
    tags: [tag],
    ...(params && { params }),
    ...(query && { querystring: query }),
    ...(headers && { headers }),
    ...(body && { body }),
    ...(who === 'anyone' && { security: [] }),
    response: {
      ...responses,
      default: { description: 'What went wrong', content: { 'application/problem+json': { schema: problem } } },
    },
  };
}

function configOf({ rawBody, bodyStream }: Route): object {
  const bytes = bodyStream ?? rawBody;
  if (bytes === undefined) return {};
  return { config: { swaggerTransform: documentRawBody(bytes), bodyStream: bodyStream !== undefined } };
}

type Documented = <T extends { schema: object; url: string }>(route: T) => { schema: object; url: string };

/** Bytes are not checked by a schema, so that one stands in the document only. */
function documentRawBody(rawBody: NonNullable<Route['rawBody']>): Documented {
  const bytes = { type: 'string', format: 'binary', description: 'The payload as it is, of any content type' };
  const types = rawBody === true ? { '*/*': bytes } : rawBody;
  const content = Object.fromEntries(Object.entries(types).map(([type, schema]) => [type, { schema }]));
  return ({ schema, url }) => ({ schema: { ...schema, body: { content } }, url });
}
