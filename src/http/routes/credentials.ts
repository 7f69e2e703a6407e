import { SluiceError } from '../../errors.ts';
import { credentialFields } from '../../pipeline/provisioning/claim-fields.ts';
import { type CredentialBody, newCredential } from '../../pipeline/provisioning/new-credential.ts';
import { ok, type Route, route } from '../route.ts';
import { answer, array, deviceIdParams, entityName, epochMs, flag, noContent, object, text } from '../schemas.ts';
import { shownCredential } from '../shown-credential.ts';
import { known } from './devices.ts';

const tag = 'Devices';

interface Named {
  readonly params: { readonly id: string };
}

interface One {
  readonly params: { readonly id: string; readonly credential: string };
}

interface Post extends Named {
  readonly body: CredentialBody & { readonly keepOthers: boolean; readonly overlapSeconds: number };
}

const credential = { id: text, kind: text, name: text, createdAt: epochMs, expiresAt: epochMs };

/** A fleet is rotated in days. */
const overlapSecondsMax = 366 * 86_400;

export const credentialRoutes: readonly Route[] = [
  route<Post>({
    method: 'POST',
    path: '/v1/devices/{id}/credentials',
    tag,
    summary:
      'Give a device a password, a token, a key or a certificate; what is made here is shown in this answer alone. Others of its kind end at once, or after `overlapSeconds`, or not at all',
    who: 'admin',
    schemas: {
      params: deviceIdParams,
      body: object({
        ...credentialFields,
        password: { type: 'string', minLength: 8, maxLength: 1_024, description: 'Made here unless given' },
        keepOthers: { ...flag, default: false },
        overlapSeconds: { type: 'integer', minimum: 0, maximum: overlapSecondsMax, default: 0 },
      }),
      responses: {
        201: answer('The credential', {
          deviceId: entityName,
          username: text,
          ...credential,
          password: text,
          token: text,
        }),
      },
    },
    handle: async ({ params: { id: deviceId }, body }, { store, clock }) => {
      known(await store.registry.device(deviceId), deviceId);
      const { credential: made, told } = await newCredential(body);
      const others = body.keepOthers ? 'keep' : { endAt: clock.now() + body.overlapSeconds * 1000 };
      const stored = await store.credentials.put({ ...made, deviceId }, others);
      return { status: 201, body: { username: deviceId, ...shownCredential(stored), ...told } };
    },
  }),
  route<Named>({
    method: 'GET',
    path: '/v1/devices/{id}/credentials',
    tag,
    summary: 'What a device can log in with, without the secrets',
    who: 'admin',
    schemas: {
      params: deviceIdParams,
      responses: {
        200: answer('In the order in which they were made', { credentials: array(answer('One', credential)) }),
      },
    },
    handle: async ({ params: { id } }, { store }) => {
      known(await store.registry.device(id), id);
      return ok({ credentials: (await store.credentials.list(id)).map(shownCredential) });
    },
  }),
  route<One>({
    method: 'DELETE',
    path: '/v1/devices/{id}/credentials/{credential}',
    tag,
    summary: 'Revoke one credential of a device: what it let in ends',
    who: 'admin',
    schemas: {
      params: object({ id: { type: 'string', minLength: 1, maxLength: 128 }, credential: { ...text, maxLength: 160 } }),
      responses: { 204: noContent },
    },
    handle: async ({ params: { id, credential: which } }, { store }) => {
      if (!(await store.credentials.remove(id, which))) throw credentialUnknown(id, which);
      return { status: 204 };
    },
  }),
  route<Named>({
    method: 'DELETE',
    path: '/v1/devices/{id}/credentials',
    tag,
    summary: 'Revoke all credentials of a device: it cannot log in again',
    who: 'admin',
    schemas: { params: deviceIdParams, responses: { 204: noContent } },
    handle: async ({ params }, { store }) => {
      await store.credentials.remove(params.id);
      return { status: 204 };
    },
  }),
];

function credentialUnknown(deviceId: string, id: string): SluiceError {
  return new SluiceError(
    'not_found',
    `List the credentials of device ${JSON.stringify(deviceId)}: it has none ${JSON.stringify(id)} that counts`,
  );
}
