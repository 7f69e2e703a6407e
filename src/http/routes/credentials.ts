import { generatedSecretCost, generateSecret, hashSecret } from '../../access/secrets.ts';
import { type Route, route } from '../route.ts';
import { answer, deviceIdParams, entityName, noContent, object, text } from '../schemas.ts';
import { known } from './devices.ts';

const tag = 'Devices';

interface Named {
  readonly params: { readonly id: string };
}

interface Post extends Named {
  readonly body: { readonly password?: string };
}

export const credentialRoutes: readonly Route[] = [
  route<Post>({
    method: 'POST',
    path: '/v1/devices/{id}/credentials',
    tag,
    summary: 'Give a device a password, made here unless given; the answer is the only time it is shown',
    who: 'admin',
    schemas: {
      params: deviceIdParams,
      body: object({ password: { type: 'string', minLength: 8, maxLength: 1_024 } }),
      responses: { 201: answer('The credentials', { deviceId: entityName, username: text, password: text }) },
    },
    handle: async ({ params: { id }, body }, { store }) => {
      known(await store.registry.device(id), id);
      const password = body.password ?? generateSecret();
      const hash = await (body.password === undefined
        ? hashSecret(password, generatedSecretCost)
        : hashSecret(password));
      await store.registry.putCredential(id, hash);
      return { status: 201, body: { deviceId: id, username: id, password } };
    },
  }),
  route<Named>({
    method: 'DELETE',
    path: '/v1/devices/{id}/credentials',
    tag,
    summary: 'Take the password of a device away: it cannot log in again',
    who: 'admin',
    schemas: { params: deviceIdParams, responses: { 204: noContent } },
    handle: async ({ params }, { store }) => {
      await store.registry.putCredential(params.id, null);
      return { status: 204 };
    },
  }),
];
