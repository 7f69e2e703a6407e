import { SluiceError, toSluiceError } from '../../errors.ts';
import { browsePage } from '../browse-page.ts';
import { type MessageJson, messageFromJson } from '../message-json.ts';
import { storedToJson } from '../queue-json.ts';
import { requireWriting } from '../queue-rights.ts';
import { Receipts } from '../receipts.ts';
import { ok, type Route, route } from '../route.ts';
import {
  array,
  batchItemsMax,
  integer,
  itemResults,
  messageFields,
  object,
  pageLimit,
  queueName,
  storedMessagePage,
} from '../schemas.ts';

const tag = 'Queues';

interface Enqueue {
  readonly params: { readonly name: string };
  readonly body: { readonly messages: readonly MessageJson[] };
}

interface Browse {
  readonly params: { readonly name: string };
  readonly query: { readonly from: number; readonly limit: number };
}

export const queueMessageRoutes: readonly Route[] = [
  route<Enqueue>({
    method: 'POST',
    path: '/v1/queues/{name}/messages',
    tag,
    summary: 'Put messages into one queue, and hear of each whether it is safe',
    who: 'producer',
    schemas: {
      params: queueName,
      body: object({ messages: array(object(messageFields, ['payload']), { minItems: 1, maxItems: batchItemsMax }) }, [
        'messages',
      ]),
      responses: { 200: itemResults },
    },
    handle: async ({ params: { name }, body: { messages }, caller }, { engine, access, clock, log }) => {
      await engine.info(name);
      const destination = engine.destination(name);
      const receipts = new Receipts(messages.length, { clock, log });
      const origin = { topic: `$queue/${name}`, publisher: caller.clientId, receivedAt: clock.now() };
      for (const [tag, json] of messages.entries()) {
        try {
          const message = messageFromJson(json, origin);
          requireWriting(access, caller, name, message.topic);
          if (!destination.admit(message, receipts, tag))
            throw new SluiceError('queue_not_found', `There is no queue ${JSON.stringify(name)}`);
        } catch (problem) {
          receipts.receipt(tag, toSluiceError(problem));
        }
      }
      return ok({ results: await receipts.all() });
    },
  }),
  route<Browse>({
    method: 'GET',
    path: '/v1/queues/{name}/messages',
    tag,
    summary: 'Look at the messages of a queue without consuming them',
    who: 'admin',
    schemas: {
      params: queueName,
      query: object({ from: { ...integer, default: 0 }, limit: pageLimit }),
      responses: { 200: storedMessagePage },
    },
    handle: async ({ params, query }, { engine }) => {
      const { messages, next } = await browsePage(engine, params.name, query);
      return ok({ messages: messages.map(storedToJson), next });
    },
  }),
];
