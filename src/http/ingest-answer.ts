import type { IngestRequest } from '../pipeline/device-message.ts';
import { finalAnswers } from './final-answers.ts';
import { parsePrefer, preferenceApplied, waitSecondsMax } from './prefer.ts';
import type { Answer, Call, RouteParts } from './route.ts';
import { answer, text } from './schemas.ts';

/** Of an answer that says less than was asked for. */
export const notAwaitedProperty = {
  notAwaited: {
    ...text,
    description: 'The bound on waiting requests that was met: what becomes of it was not waited for',
  },
};

/** How a request with one device message is answered. */
export const ingestAnswers = {
  200: answer('Processed', { messageId: text, outcome: text }),
  202: answer('Safe, not processed yet; Location says where to look', { messageId: text, ...notAwaitedProperty }),
};

export const preferHeader = {
  type: 'string',
  maxLength: 1_024,
  description: `respond-async: an answer as soon as the message is safe. wait=N: for up to N seconds (at most ${waitSecondsMax}) what became of it, also where the device type is queued. Of several messages, all have that long together. Preference-Applied says what was followed`,
};

/** Takes the message and answers as the device type, and what the caller prefers, say. */
export async function takeOne(request: IngestRequest, call: Call, parts: RouteParts): Promise<Answer> {
  const preferences = parsePrefer(call.headers.prefer as string | undefined);
  const { respondAsync, waitSeconds } = preferences;
  const wish = { safeIsEnough: respondAsync, result: waitSeconds !== undefined };
  const answer = await parts.pipeline.ingestion.take(request, wish);
  const { messageId } = answer;
  const headers = preferenceApplied(preferences);
  if (answer.kind === 'processed') return processedAnswer(messageId, answer.outcome, headers);
  const { results } = answer;
  const told = results && (await finalAnswers(results, [0], waitSeconds ?? 0, call, parts));
  const final = told?.known.get(0);
  if (final?.kind === 'stored') return processedAnswer(messageId, final.outcome, headers);
  if (final?.kind === 'rejected') throw final.error;
  const location = `/v1/devices/${pathPart(request.deviceId)}/messages/${pathPart(messageId)}`;
  const notAwaited = told?.notAwaited;
  return { status: 202, body: { messageId, ...(notAwaited && { notAwaited }) }, headers: { ...headers, location } };
}

function processedAnswer(messageId: string, outcome: string, headers: Answer['headers'] = {}): Answer {
  return { status: 200, body: { messageId, outcome }, headers };
}

/** Half a surrogate pair becomes U+FFFD: the message is safe, and the answer must not fail over where to find it. */
function pathPart(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}
