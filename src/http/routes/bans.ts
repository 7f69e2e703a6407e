import { SluiceError } from '../../errors.ts';
import { ok, type Route, route } from '../route.ts';
import { answer, array, epochMs, integer, noContent, object, text } from '../schemas.ts';

interface Named {
  readonly params: { readonly id: number };
}

const tag = 'Bans';

const ban = {
  type: 'object',
  properties: {
    id: integer,
    kind: {
      type: 'string',
      enum: ['address', 'user', 'client'],
      description: 'Everybody at the address, or one user name or client id as long as it comes from there',
    },
    address: { ...text, description: 'An IPv4 address, or the /64 of an IPv6 address' },
    name: { type: 'string', description: 'The user name or client id; at most 128 characters of it' },
    reason: text,
    since: epochMs,
    until: epochMs,
  },
  required: ['id', 'kind', 'address', 'reason', 'since', 'until'],
};

export const banRoutes: readonly Route[] = [
  route({
    method: 'GET',
    path: '/v1/bans',
    tag,
    summary: 'Who may not connect over MQTT for a while',
    who: 'admin',
    schemas: { responses: { 200: answer('The bans that hold now', { bans: array(ban) }) } },
    handle: (_, { bans }) => ok({ bans: bans.list() }),
  }),
  route<Named>({
    method: 'DELETE',
    path: '/v1/bans/{id}',
    tag,
    summary: 'Lift a ban',
    who: 'admin',
    schemas: { params: object({ id: integer }, ['id']), responses: { 204: noContent } },
    handle: ({ params: { id } }, { bans }) => {
      if (!bans.lift(id)) throw new SluiceError('not_found', `Cannot lift ban ${id}: there is none, or it is over`);
      return { status: 204 };
    },
  }),
];
