import type { DecodeResult } from '../pipeline/driver.ts';
import { HttpProblem } from '../sdk/http/http-api.ts';

/** Bytes of one request, where the server takes so much: it parses them between two messages of others. */
const partBytesMax = 1024 * 1024;
/** What of a request is not results. */
const frameBytes = 1024;

type Send = (from: number, results: readonly DecodeResult[]) => Promise<unknown>;

/**
 * Sends the results of a batch in parts that a server with this limit of a body takes. One that is too large by itself is
 * answered with that. Where the server takes a part for no answer, the part is halved, until the result that is at fault
 * stands alone: that message is answered with why.
 */
export async function sendResults(
  results: readonly DecodeResult[],
  bodyBytesMax: number,
  send: Send,
  from = 0,
): Promise<void> {
  const bytes = Buffer.byteLength(JSON.stringify(results));
  const room = bodyBytesMax - frameBytes;
  if (results.length > 1 && bytes > Math.min(room, partBytesMax)) await sendHalves(results, bodyBytesMax, send, from);
  else if (bytes > room) await send(from, [refused(`it has ${bytes} bytes, at most ${room} can be sent`)]);
  else await sendPart(results, bodyBytesMax, send, from);
}

async function sendPart(results: readonly DecodeResult[], bodyBytesMax: number, send: Send, from: number) {
  try {
    await send(from, results);
  } catch (problem) {
    if (!(problem instanceof HttpProblem) || !refusedForContent.has(problem.status)) throw problem;
    if (results.length > 1) await sendHalves(results, bodyBytesMax, send, from);
    else await send(from, [refused(problem.message)]);
  }
}

const refusedForContent = new Set([400, 413]);

async function sendHalves(results: readonly DecodeResult[], bodyBytesMax: number, send: Send, from: number) {
  const middle = results.length >> 1;
  await sendResults(results.slice(0, middle), bodyBytesMax, send, from);
  await sendResults(results.slice(middle), bodyBytesMax, send, from + middle);
}

function refused(reason: string): DecodeResult {
  return {
    ok: false,
    stage: 'decode',
    code: 'driver_failed',
    reason: `The server does not take the answer: ${reason}`,
  };
}
