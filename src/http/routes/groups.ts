import { groupStartForms, requireGroupStart } from '../../queues/group-start.ts';
import { ok, type Route, route } from '../route.ts';
import { answer, array, groupName, integer, noContent, object, queueName, text } from '../schemas.ts';

const group = {
  type: 'object',
  properties: {
    name: text,
    position: { ...integer, description: 'Everything below this sequence is settled' },
    leased: integer,
    scheduled: { ...integer, description: 'Messages that wait for another try' },
    consumers: integer,
    lagMessages: { ...integer, description: 'Messages that are not settled' },
    lagMs: { ...integer, description: 'Age of the oldest of them' },
    timeToDrainMs: { ...integer, description: 'At the pace of the last minute; absent where nothing was settled' },
    acknowledged: integer,
    heldMs: { ...integer, description: 'How long the acknowledged ones were with their consumers, all together' },
    failed: integer,
    deadLettered: integer,
    skipped: { ...integer, description: 'Gone before the group came to them' },
  },
};

const groupParams = object({ name: text, group: groupName }, ['name', 'group']);

interface Grouped {
  readonly params: { readonly name: string; readonly group: string };
}

interface Seek extends Grouped {
  readonly body: { readonly to: string };
}

export const groupRoutes: readonly Route[] = [
  route<{ readonly params: { readonly name: string } }>({
    method: 'GET',
    path: '/v1/queues/{name}/groups',
    tag: 'Queues',
    summary: 'The groups of a log, each with its position and lag',
    who: 'admin',
    schemas: { params: queueName, responses: { 200: answer('The groups, by name', { groups: array(group) }) } },
    handle: async ({ params }, { engine }) => ok({ groups: await engine.groups(params.name) }),
  }),
  route<Seek>({
    method: 'POST',
    path: '/v1/queues/{name}/groups/{group}/seek',
    tag: 'Queues',
    summary: 'Go on from another place for the whole group, which is made where there is none',
    who: 'admin',
    schemas: {
      params: groupParams,
      body: object(
        {
          to: { ...text, description: groupStartForms },
        },
        ['to'],
      ),
      responses: { 200: { ...group, description: 'The group' } },
    },
    handle: async ({ params, body }, { engine }) =>
      ok(await engine.seek(params.name, params.group, requireGroupStart(body.to, 'seek to'))),
  }),
  route<Grouped>({
    method: 'DELETE',
    path: '/v1/queues/{name}/groups/{group}',
    tag: 'Queues',
    summary: 'Forget a group with its position; its consumers are ended',
    who: 'admin',
    schemas: { params: groupParams, responses: { 204: noContent } },
    handle: async ({ params }, { engine }) => {
      await engine.removeGroup(params.name, params.group);
      return { status: 204 };
    },
  }),
];
