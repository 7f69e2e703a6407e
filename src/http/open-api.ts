import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';

/** What the OpenAPI document says besides the routes. */
export const openApiOptions: FastifyDynamicSwaggerOptions = {
  openapi: {
    openapi: '3.1.0',
    info: {
      title: 'Sluice',
      version: '1',
      description: 'Messages, durable queues, devices and their readings. Errors are problem details of RFC 9457.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'A token of the configuration' },
        basic: { type: 'http', scheme: 'basic', description: 'A user, or a device id with its password' },
      },
    },
    // The empty one: callers on the same machine, where the configuration lets them.
    security: [{ bearer: [] }, { basic: [] }, {}],
  },
};
