import { isDeviceId } from '../../access/device-topics.ts';
import { SluiceError } from '../../errors.ts';
import { deviceIdForm } from '../../pipeline/device-topic.ts';
import { type NetworkEvent, readNetworkEvent } from '../../pipeline/forms/network-events.ts';
import type { Caller } from '../caller.ts';
import { ingestAnswers, takeOne } from '../ingest-answer.ts';
import { maySendFor, requestOf } from '../ingest-batch.ts';
import { jsonItem } from '../ingest-items.ts';
import { type Answer, type Call, ok, type Route, type RouteParts, route } from '../route.ts';
import { answer, anyJson, text } from '../schemas.ts';

interface Post {
  readonly body: Buffer | undefined;
}

/** Where a LoRaWAN network server tells of all devices of an application. */
export const lorawanRoutes: readonly Route[] = [
  route<Post>({
    method: 'POST',
    path: '/v1/lorawan/events',
    tag: 'LoRaWAN',
    summary:
      'Take uplinks from a webhook of The Things Stack or the HTTP integration of ChirpStack 3 or 4; what else they tell is answered and left alone',
    who: 'identified',
    rawBody: { 'application/json': { ...anyJson, description: 'An event as the network server sends it' } },
    schemas: {
      responses: { 200: answer('Nothing that a device sent', { ignored: text }), 202: ingestAnswers[202] },
    },
    handle: take,
  }),
];

async function take(call: Call<Post>, parts: RouteParts): Promise<Answer> {
  const payload = call.body ?? Buffer.alloc(0);
  const event = readNetworkEvent(jsonItem(payload));
  if (event === undefined) throw notAnEvent();
  const { uplink, kind } = event;
  if (uplink === undefined || (uplink.payload ?? uplink.decoded) === undefined) return ok({ ignored: kind });
  const { messageId, time, seq, fPort } = uplink;
  const deviceId = await deviceIdOf(event, call.caller, parts);
  const message = { deviceId, payload, contentType: 'application/json', messageId, time, seq, fPort };
  // The server sends each message once: what cannot be read is better among the dead letters than in its log.
  const headers = { ...call.headers, prefer: 'respond-async' };
  return takeOne(requestOf(message, call.caller, parts), { ...call, headers }, parts);
}

/**
 * The first of its names that is registered, of those for which the caller may send: which others are is not for it to know.
 * Where none is, the one that should be.
 */
async function deviceIdOf({ deviceNames }: NetworkEvent, caller: Caller, parts: RouteParts): Promise<string> {
  const ids = deviceNames.filter(isDeviceId);
  for (const id of ids) {
    const isOpen = maySendFor(id, undefined, caller, parts);
    if (isOpen && (await parts.store.registry.device(id)) !== undefined) return id;
  }
  if (ids.length > 0) return ids[0];
  const met = JSON.stringify(deviceNames).slice(0, 300);
  throw new SluiceError('invalid_argument', `Name the device by its id, ${deviceIdForm}: met ${met}`);
}

function notAnEvent(): SluiceError {
  return new SluiceError(
    'payload_unreadable',
    'Send an event of The Things Stack, with end_device_ids.device_id, of ChirpStack 4, with deviceInfo.devEui, or of ChirpStack 3, with devEUI, applicationID, applicationName and deviceName',
  );
}
