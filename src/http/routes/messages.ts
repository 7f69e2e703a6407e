import { publishedTopic } from '../../access/thingsboard-topics.ts';
import { SluiceError, toSluiceError } from '../../errors.ts';
import type { Message } from '../../message.ts';
import { type MessageJson, messageFromJson } from '../message-json.ts';
import { Receipts } from '../receipts.ts';
import { type Call, ok, type Route, type RouteParts, route } from '../route.ts';
import { array, batchItemsMax, flag, itemResults, messageFields, object } from '../schemas.ts';

interface Shape {
  readonly body: { readonly messages: readonly MessageJson[] };
}

const publishedMessage = object(
  { ...messageFields, qos: { type: 'integer', enum: [0, 1, 2], default: 1 }, retain: flag },
  ['topic', 'payload'],
);

export const messageRoutes: readonly Route[] = [
  route<Shape>({
    method: 'POST',
    path: '/v1/messages',
    tag: 'Messages',
    summary: 'Publish messages as an MQTT client would, and hear of each whether it is safe',
    who: 'identified',
    schemas: {
      body: object({ messages: array(publishedMessage, { minItems: 1, maxItems: batchItemsMax }) }, ['messages']),
      responses: { 200: itemResults },
    },
    handle: async (call, parts) => {
      const { messages } = call.body;
      const { identity, clientId } = call.caller;
      const receipts = new Receipts(messages.length, parts, {
        mayPublish: (topic, child) => parts.access.mayPublish(identity, clientId, topic, child),
      });
      for (const [tag, json] of messages.entries()) {
        try {
          parts.publisher.publish(publishable(json, call, parts), receipts, tag);
        } catch (problem) {
          receipts.receipt(tag, toSluiceError(problem));
        }
      }
      return ok({ results: await receipts.all() });
    },
  }),
];

/** Throws where the caller may not publish this, or nobody can. */
function publishable(json: MessageJson, { caller }: Call, { access, clock }: RouteParts): Message {
  const { identity, clientId } = caller;
  const topic = publishedTopic(identity, json.topic ?? '');
  const source = json.retain === true ? access.sourceOf(identity, clientId, topic) : undefined;
  const message = messageFromJson({ ...json, topic }, { topic, publisher: clientId, source, receivedAt: clock.now() });
  if (!access.mayPublish(identity, clientId, topic)) {
    throw new SluiceError(
      'not_authorized',
      `Cannot publish to ${JSON.stringify(topic)}: ${JSON.stringify(identity.name)} has no right to it`,
    );
  }
  return message;
}
