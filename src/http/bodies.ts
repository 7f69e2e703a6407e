import type { FastifyBodyParser, FastifyInstance } from 'fastify';

/** JSON, without keys that reach into prototypes. A body of no bytes counts as left out. */
export function parseJsonBody(app: FastifyInstance): FastifyBodyParser<string> {
  const parse = app.getDefaultJsonParser('error', 'error');
  return (request, body, done) => {
    if (body === '') done(null, undefined);
    else parse(request, body, done);
  };
}

/** The bytes as they are, whatever the content type says, also when it says nothing. */
export function takeRawBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body));
}
