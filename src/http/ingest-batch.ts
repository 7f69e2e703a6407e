import { SluiceError, toSluiceError } from '../errors.ts';
import type { IngestRequest } from '../pipeline/device-message.ts';
import { buildDeviceTopic, defaultEventType } from '../pipeline/device-topic.ts';
import type { Caller } from './caller.ts';
import { type ItemResult, Receipts } from './receipts.ts';
import type { RouteParts } from './route.ts';

/** One message of several in a request, or why it is none. */
export type BatchItem = Omit<IngestRequest, 'publisher'> | SluiceError;

export type BatchResult = ItemResult & { readonly messageId?: string };

/** Takes each message by itself and answers what became of each, in their order: a bad one costs the others nothing. */
export async function takeBatch(
  items: readonly BatchItem[],
  caller: Caller,
  parts: RouteParts,
): Promise<readonly BatchResult[]> {
  const receipts = new Receipts(items.length, parts);
  const messageIds = items.map((item, tag) => admit(item, tag, receipts, caller, parts));
  const results = await receipts.all();
  return results.map((result, tag) => {
    const messageId = messageIds[tag];
    return messageId === undefined ? result : { messageId, ...result };
  });
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
    const request = { ...item, deviceId: ownId(caller, item.deviceId), publisher: caller.clientId };
    requireDevice(request, caller, parts);
    return parts.pipeline.ingestion.admit(request, receipts, tag);
  } catch (problem) {
    receipts.receipt(tag, toSluiceError(problem));
    return undefined;
  }
}

function ownId({ identity }: Caller, deviceId: string): string {
  return deviceId === 'me' && identity.kind === 'device' ? identity.name : deviceId;
}

/** Who may publish to the topic of a message over MQTT may send it here. */
function requireDevice(request: IngestRequest, { identity, clientId }: Caller, { access }: RouteParts): void {
  if (access.mayAdminister(identity)) return;
  const { deviceId, eventType = defaultEventType } = request;
  if (access.mayPublish(identity, clientId, buildDeviceTopic({ deviceId, eventType }))) return;
  throw new SluiceError(
    'not_authorized',
    `Send messages of your own: ${identity.kind} ${JSON.stringify(identity.name)} may not send for device ${JSON.stringify(deviceId.slice(0, 200))}`,
  );
}
