import { SluiceError } from '../../errors.ts';
import type { Caller } from '../caller.ts';
import { storiesOf, storyScannedMax } from '../message-story.ts';
import { type Answer, ok, type Route, type RouteParts, route } from '../route.ts';
import { answer, array, entityName, epochMs, flag, integer, object, text } from '../schemas.ts';
import { ingestDead } from './dead-letters.ts';
import { historyRow } from './readings.ts';

interface OfDevice {
  readonly params: { readonly id: string; readonly messageId: string };
}

interface OfAny {
  readonly params: { readonly messageId: string };
}

const tag = 'Readings';
const messageId = { ...text, maxLength: 256 };
const place = { sequence: integer, state: text, attempts: integer, enqueuedAt: epochMs, lastError: text };

const story = {
  deviceId: entityName,
  messageId: text,
  status: { type: 'string', enum: ['waiting', 'processed', 'dead'] },
  waiting: { type: 'object', description: 'Its place in the queue', properties: place },
  dead: { type: 'object', description: 'Why it was given up', properties: { ...place, code: text, reason: text } },
  processed: {
    type: 'object',
    description: 'When, and the bytes as they came while they are kept',
    properties: { at: epochMs, readings: integer, raw: { type: 'object' } },
  },
  rows: array(historyRow),
};

export const messageStoryRoutes: readonly Route[] = [
  route<OfDevice>({
    method: 'GET',
    path: '/v1/devices/{id}/messages/{messageId}',
    tag,
    summary: 'The story of one message: waiting, processed, or dead; 404 where it is not known',
    who: 'device',
    schemas: {
      params: object({ id: text, messageId }, ['id', 'messageId']),
      responses: { 200: answer('Where it is, and what became of it', story) },
    },
    handle: async ({ params }, parts) => {
      const { stories, complete } = await find(parts, params.messageId, params.id);
      if (stories.length === 0) throw unknownMessage(params.messageId, complete);
      return ok(stories[0]);
    },
  }),
  route<OfAny>({
    method: 'GET',
    path: '/v1/messages/{messageId}',
    tag,
    summary: 'The stories of all messages with this id, which is unique for each device only; 404 where there is none',
    who: 'identified',
    schemas: {
      params: object({ messageId }, ['messageId']),
      responses: {
        200: answer('One for each device; complete is false where not everything that waits was looked at', {
          stories: array({ type: 'object', properties: story }),
          complete: flag,
        }),
      },
    },
    handle: (call, parts) => storiesFor(call.caller, call.params.messageId, parts),
  }),
];

async function storiesFor({ identity }: Caller, messageId: string, parts: RouteParts): Promise<Answer> {
  const isDevice = identity.kind === 'device';
  if (!isDevice && !parts.access.mayAdminister(identity)) {
    const met = `${identity.kind} ${JSON.stringify(identity.name)} may not do this`;
    throw new SluiceError('not_authorized', `Use the credentials of a device or an administrator: ${met}`);
  }
  const found = await find(parts, messageId, isDevice ? identity.name : undefined);
  if (found.stories.length === 0) throw unknownMessage(messageId, found.complete);
  return ok(found);
}

function find(parts: RouteParts, messageId: string, deviceId: string | undefined): ReturnType<typeof storiesOf> {
  return storiesOf(parts, { waiting: 'ingest', dead: ingestDead }, messageId, deviceId);
}

function unknownMessage(messageId: string, complete: boolean): SluiceError {
  const name = `message ${JSON.stringify(messageId)}`;
  const told = complete
    ? `Check the id of ${name}: none with it waits, is dead or was processed, but one that was just sent may come yet`
    : `Look again later for ${name}: more waits than the ${storyScannedMax} looked at`;
  return new SluiceError('not_found', told, { detail: { messageId } });
}
