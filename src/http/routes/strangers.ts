import { strangersMax } from '../../pipeline/strangers.ts';
import { ok, type Route, route } from '../route.ts';
import { answer, array, epochMs, integer, object, text } from '../schemas.ts';

interface List {
  readonly query: { readonly limit: number };
}

export const strangerRoutes: readonly Route[] = [
  route<List>({
    method: 'GET',
    path: '/v1/unregistered-devices',
    tag: 'Devices',
    summary: `Device ids that messages came of since the start and nobody registered, those that sent last first; the last ${strangersMax} are kept`,
    who: 'admin',
    schemas: {
      query: object({ limit: { ...integer, minimum: 1, maximum: strangersMax, default: 100 } }),
      responses: {
        200: answer('Who sent', {
          devices: array({
            type: 'object',
            properties: {
              deviceId: text,
              messages: { ...integer, description: 'How many came, and were refused' },
              firstAt: epochMs,
              lastAt: epochMs,
              lastClient: { ...text, description: 'The client that sent the last one' },
            },
          }),
        }),
      },
    },
    handle: async ({ query: { limit } }, { pipeline: { strangers }, store }) => {
      const devices = [];
      for (const stranger of strangers.list()) {
        if (devices.length >= limit) break;
        if ((await store.registry.device(stranger.deviceId)) === undefined) devices.push(stranger);
        else strangers.forget(stranger.deviceId);
      }
      return ok({ devices });
    },
  }),
];
