import { SluiceError, toSluiceError } from '../errors.ts';
import type { IngestRequest } from '../pipeline/device-message.ts';
import { buildDeviceTopic, defaultEventType } from '../pipeline/device-topic.ts';
import type { Caller } from './caller.ts';
import type { FinalAnswer, IngestBatch } from './doors/ingest-door.ts';
import { finalAnswers } from './final-answers.ts';
import { parsePrefer, preferenceApplied } from './prefer.ts';
import { itemProblem } from './problem.ts';
import { type ItemResult, Receipts } from './receipts.ts';
import type { Answer, Call, RouteParts } from './route.ts';

/** One message of several in a request, or why it is none. */
export type BatchItem = Omit<IngestRequest, 'publisher'> | SluiceError;

type BatchResult = ItemResult & { readonly messageId?: string; readonly accepted?: true };

/** Takes each message by itself and answers what became of each, in their order: a bad one costs the others nothing. */
export async function takeBatch(
  items: readonly BatchItem[],
  call: Pick<Call, 'caller' | 'headers' | 'presence'>,
  parts: RouteParts,
): Promise<Answer> {
  const preferences = parsePrefer(call.headers.prefer as string | undefined);
  const { respondAsync, waitSeconds } = preferences;
  const receipts = new Receipts(items.length, parts, { safeIsEnough: respondAsync });
  const batch = parts.pipeline.ingestion.batch(receipts, { result: waitSeconds !== undefined });
  const messageIds = items.map((item, tag) => admit(item, tag, batch, receipts, call.caller, parts));
  const results = await receipts.all();
  const accepted = [...results.keys()].filter((tag) => isAccepted(results[tag]));
  const final = batch.results && (await finalAnswers(batch.results, accepted, waitSeconds ?? 0, call, parts));
  const notAwaited = final?.notAwaited;
  const told = results.map((result, tag) => batchResult(messageIds[tag], result, final?.known.get(tag)));
  return {
    status: 200,
    body: { results: told, ...(notAwaited && { notAwaited }) },
    headers: preferenceApplied(preferences),
  };
}

function admit(
  item: BatchItem,
  tag: number,
  batch: IngestBatch,
  receipts: Receipts,
  caller: Caller,
  parts: RouteParts,
): string | undefined {
  try {
    if (item instanceof SluiceError) throw item;
    return batch.admit(requestOf(item, caller, parts), tag);
  } catch (problem) {
    receipts.receipt(tag, toSluiceError(problem));
    return undefined;
  }
}

/** Safe, and nothing is known of what becomes of it. */
function isAccepted(result: ItemResult): boolean {
  return result.ok && result.outcome === undefined;
}

function batchResult(messageId: string | undefined, result: ItemResult, final: FinalAnswer | undefined): BatchResult {
  // Nobody knows of a message without an id: it was none.
  if (messageId === undefined) return result;
  if (!isAccepted(result)) return { messageId, ...result };
  if (final === undefined) return { messageId, ok: true, accepted: true };
  if (final.kind === 'rejected') return { messageId, ...itemProblem(final.error) };
  return { messageId, ok: true, outcome: final.outcome };
}

/** The message as this caller's. Throws `not_authorized` where it may not send for the device. */
export function requestOf(
  message: Omit<IngestRequest, 'publisher'>,
  caller: Caller,
  parts: Pick<RouteParts, 'access'>,
): IngestRequest {
  const { identity, clientId } = caller;
  if (message.deviceId === 'me' && identity.kind !== 'device') {
    throw new SluiceError(
      'invalid_argument',
      'Say which device the message is of: only a device itself may leave it out',
    );
  }
  const deviceId = message.deviceId === 'me' ? identity.name : message.deviceId;
  if (maySendFor(deviceId, message.eventType, caller, parts)) return { ...message, deviceId, publisher: clientId };
  const name = JSON.stringify(identity.name);
  throw new SluiceError(
    'not_authorized',
    `Send messages of your own: ${identity.kind} ${name} may not send for device ${JSON.stringify(deviceId.slice(0, 200))}`,
  );
}

/** Whoever may publish to the topic of a message over MQTT may send it here. */
export function maySendFor(
  deviceId: string,
  eventType: string | undefined,
  { identity, clientId }: Caller,
  { access }: Pick<RouteParts, 'access'>,
): boolean {
  const topic = buildDeviceTopic({ deviceId, eventType: eventType ?? defaultEventType });
  return access.mayAdminister(identity) || access.mayPublish(identity, clientId, topic);
}
