import { SluiceError } from '../../errors.ts';
import { ingestAnswers, takeOne } from '../ingest-answer.ts';
import { requestOf } from '../ingest-batch.ts';
import { type Answer, type Call, type Route, type RouteParts, route } from '../route.ts';
import { object } from '../schemas.ts';

interface Post {
  readonly params: { readonly token: string };
  readonly body: Buffer | undefined;
}

/** The device API of ThingsBoard, for firmware that exists: the token of the device stands in the path. */
export const thingsBoardRoutes: readonly Route[] = [
  thingsBoardRoute('telemetry', 'Take telemetry as ThingsBoard does: one object, {ts, values}, or an array of them'),
  thingsBoardRoute('attributes', 'Take attributes as ThingsBoard does, as an event of the type "attributes"'),
];

function thingsBoardRoute(eventType: string, summary: string): Route {
  return route<Post>({
    method: 'POST',
    path: `/api/v1/{token}/${eventType}`,
    tag: 'ThingsBoard',
    summary,
    who: 'identified',
    rawBody: true,
    schemas: {
      params: object({ token: { type: 'string', minLength: 1, maxLength: 128 } }, ['token']),
      responses: { 200: ingestAnswers[200] },
    },
    handle: (call, parts) => take(call, eventType, parts),
  });
}

/** 200 also where it is safe and not processed yet: its clients know no 202. */
async function take(call: Call<Post>, eventType: string, parts: RouteParts): Promise<Answer> {
  const { identity } = call.caller;
  if (identity.kind !== 'device') {
    throw new SluiceError('not_authorized', `Use the token of a device: this one is of a ${identity.kind}`);
  }
  const payload = call.body ?? Buffer.alloc(0);
  const message = { deviceId: identity.name, eventType, payload, contentType: 'application/json' };
  const answer = await takeOne(requestOf(message, call.caller, parts), call, parts);
  return { ...answer, status: 200 };
}
