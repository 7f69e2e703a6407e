import { SluiceError } from '../../errors.ts';
import { ok, type Route, route } from '../route.ts';
import { answer, text } from '../schemas.ts';

const tag = 'Server';

export const healthRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/healthz',
    tag,
    summary: 'Whether the process is alive',
    who: 'anyone',
    schemas: { responses: { 200: answer('Alive', { status: text }) } },
    handle: () => ok({ status: 'alive' }),
  }),
  route({
    method: 'GET',
    path: '/readyz',
    tag,
    summary: 'Whether the server takes messages; 503 until it does',
    who: 'anyone',
    schemas: { responses: { 200: answer('Ready', { status: text }) } },
    handle: (_, { ready }) => {
      if (ready()) return ok({ status: 'ready' });
      throw new SluiceError('unavailable', 'Wait until the server is ready: it starts or stops');
    },
  }),
  route({
    method: 'GET',
    path: '/metrics',
    tag,
    summary: 'Numbers for Prometheus',
    who: 'admin',
    schemas: {
      responses: {
        200: { description: 'Prometheus text format', content: { 'text/plain': { schema: { type: 'string' } } } },
      },
    },
    handle: async (_, { metricsPage }) => {
      const { text: body, contentType } = await metricsPage.render();
      return { status: 200, body, headers: { 'content-type': contentType } };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/openapi.json',
    tag,
    summary: 'This contract as an OpenAPI 3.1 document',
    who: 'anyone',
    schemas: { responses: { 200: answer('The document') } },
    handle: (_, { openApi }) => ok(openApi()),
  }),
];
