import { randomUUID } from 'node:crypto';
import { tokenDigest } from '../../access/device-token.ts';
import { generateSecret } from '../../access/secrets.ts';
import { SluiceError } from '../../errors.ts';
import { claimFields, claimFieldsNeeded } from '../../pipeline/provisioning/claim-fields.ts';
import type { ClaimBody } from '../../pipeline/provisioning/claims.ts';
import { deviceFields } from '../device-schemas.ts';
import { ok, type Route, route } from '../route.ts';
import { answer, array, entityName, epochMs, integer, noContent, object, text } from '../schemas.ts';

const tag = 'Provisioning';

interface Post {
  readonly body: {
    readonly deviceType: string;
    readonly idPrefix: string;
    readonly gateway?: string;
    readonly attributes: Readonly<Record<string, string>>;
    readonly uses: number;
    readonly expiresAt?: number;
  };
}

interface Named {
  readonly params: { readonly id: string };
}

interface Claim {
  readonly body: ClaimBody;
}

const usesMax = 1_000_000;

const claimKey = {
  id: text,
  deviceType: entityName,
  idPrefix: { type: 'string' },
  gateway: entityName,
  attributes: { type: 'object' },
  usesLeft: integer,
  createdAt: epochMs,
  expiresAt: epochMs,
};

export const provisioningRoutes: readonly Route[] = [
  route<Post>({
    method: 'POST',
    path: '/v1/claim-keys',
    tag,
    summary: 'Make a key by which devices of a type register themselves; this answer alone shows it',
    who: 'admin',
    schemas: {
      body: object(
        {
          deviceType: entityName,
          idPrefix: { type: 'string', pattern: '^[A-Za-z0-9._:-]{0,127}$', default: '' },
          gateway: entityName,
          attributes: deviceFields.attributes,
          uses: { type: 'integer', minimum: 1, maximum: usesMax, default: 1 },
          expiresAt: epochMs,
        },
        ['deviceType'],
      ),
      responses: { 201: answer('The key', { ...claimKey, key: text }) },
    },
    handle: async ({ body: { uses: usesLeft, expiresAt, gateway, ...said } }, { store }) => {
      const key = generateSecret();
      const about = { ...said, id: randomUUID(), usesLeft, expiresAt, gateway, digest: tokenDigest(key) };
      return { status: 201, body: { ...(await store.claimKeys.put(about)), key } };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/claim-keys',
    tag,
    summary: 'The keys that there are, used up or not',
    who: 'admin',
    schemas: {
      responses: { 200: answer('In the order in which they were made', { claimKeys: array(answer('One', claimKey)) }) },
    },
    handle: async (_, { store }) => ok({ claimKeys: await store.claimKeys.list() }),
  }),
  route<Named>({
    method: 'DELETE',
    path: '/v1/claim-keys/{id}',
    tag,
    summary: 'Revoke a key; the devices that came by it stay',
    who: 'admin',
    schemas: { params: object({ id: text }, ['id']), responses: { 204: noContent } },
    handle: async ({ params: { id } }, { store }) => {
      if (await store.claimKeys.remove(id)) return { status: 204 };
      throw new SluiceError('not_found', `List the claim keys: there is none ${JSON.stringify(id)}`);
    },
  }),
  route<Claim>({
    method: 'POST',
    path: '/v1/claims',
    tag,
    summary:
      'Register the calling device by a claim key and give it a credential, in one; with a token or key of its own it can ask again when no answer came',
    who: 'anyone',
    schemas: {
      body: object(claimFields, claimFieldsNeeded),
      responses: {
        201: answer('The device and its credential', {
          deviceId: entityName,
          deviceType: entityName,
          username: text,
          password: text,
          token: text,
        }),
      },
    },
    handle: async ({ body, caller: { origin } }, { pipeline }) => ({
      status: 201,
      body: await pipeline.claims.claim(body, origin.remoteAddress),
    }),
  }),
];
