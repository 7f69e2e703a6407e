import { SluiceError, toSluiceError } from '../errors.ts';
import type { IngestRequest } from '../pipeline/device-message.ts';
import { buildDeviceTopic, defaultEventType } from '../pipeline/device-topic.ts';
import type { Caller } from './caller.ts';
import { parsePrefer, preferenceApplied } from './prefer.ts';
import { type ItemResult, Receipts } from './receipts.ts';
import type { Answer, Call, RouteParts } from './route.ts';

/** One message of several in a request, or why it is none. */
export type BatchItem = Omit<IngestRequest, 'publisher'> | SluiceError;

type BatchResult = ItemResult & { readonly messageId?: string };

/** Takes each message by itself and answers what became of each, in their order: a bad one costs the others nothing. */
export async function takeBatch(
  items: readonly BatchItem[],
  { caller, headers }: Pick<Call, 'caller' | 'headers'>,
  parts: RouteParts,
): Promise<Answer> {
  const { respondAsync } = parsePrefer(headers.prefer as string | undefined);
  const receipts = new Receipts(items.length, parts, { safeIsEnough: respondAsync });
  const messageIds = items.map((item, tag) => admit(item, tag, receipts, caller, parts));
  const results = await receipts.all();
  const told: readonly BatchResult[] = results.map((result, tag) => {
    const messageId = messageIds[tag];
    return messageId === undefined ? result : { messageId, ...result };
  });
  // How long to wait for what becomes of a message is asked of one alone.
  const applied = preferenceApplied({ respondAsync, waitSeconds: undefined });
  return { status: 200, body: { results: told }, headers: applied };
}

function admit(
  item: BatchItem,
  tag: number,
  receipts: Receipts,
  caller: Caller,
  parts: RouteParts,
): string | undefined {
  try {
    if (item instanceof SluiceError) throw item;
    return parts.pipeline.ingestion.admit(requestOf(item, caller, parts), receipts, tag);
  } catch (problem) {
    receipts.receipt(tag, toSluiceError(problem));
    return undefined;
  }
}

/** The message as this caller's. Throws `not_authorized` where it may not send for the device. */
export function requestOf(
  message: Omit<IngestRequest, 'publisher'>,
  { identity, clientId }: Caller,
  { access }: RouteParts,
): IngestRequest {
  if (message.deviceId === 'me' && identity.kind !== 'device') {
    throw new SluiceError(
      'invalid_argument',
      'Say which device the message is of: only a device itself may leave it out',
    );
  }
  const deviceId = message.deviceId === 'me' ? identity.name : message.deviceId;
  // Whoever may publish to the topic of a message over MQTT may send it here.
  const topic = buildDeviceTopic({ deviceId, eventType: message.eventType ?? defaultEventType });
  if (access.mayAdminister(identity) || access.mayPublish(identity, clientId, topic)) {
    return { ...message, deviceId, publisher: clientId };
  }
  const name = JSON.stringify(identity.name);
  throw new SluiceError(
    'not_authorized',
    `Send messages of your own: ${identity.kind} ${name} may not send for device ${JSON.stringify(deviceId.slice(0, 200))}`,
  );
}
