import type { DecodeResult } from '../pipeline/driver.ts';
import { HttpProblem } from '../sdk/http/http-api.ts';

/** Text of one request, in characters: a quarter of what a server takes by default. */
const partCharsMax = 1024 * 1024;

type Send = (from: number, results: readonly DecodeResult[]) => Promise<unknown>;

/**
 * Sends the results of a batch in parts that a server takes. Where it takes a part for no answer, or for too large a one, the
 * part is halved, until the result that is at fault stands alone: that message is answered with why.
 */
export async function sendResults(results: readonly DecodeResult[], send: Send, from = 0): Promise<void> {
  if (results.length > 1 && JSON.stringify(results).length > partCharsMax) {
    await sendHalves(results, send, from);
    return;
  }
  try {
    await send(from, results);
  } catch (problem) {
    if (!(problem instanceof HttpProblem) || !refusedForContent.has(problem.status)) throw problem;
    if (results.length > 1) await sendHalves(results, send, from);
    else await send(from, [refused(problem)]);
  }
}

const refusedForContent = new Set([400, 413]);

async function sendHalves(results: readonly DecodeResult[], send: Send, from: number): Promise<void> {
  const middle = results.length >> 1;
  await sendResults(results.slice(0, middle), send, from);
  await sendResults(results.slice(middle), send, from + middle);
}

function refused({ message }: HttpProblem): DecodeResult {
  return {
    ok: false,
    stage: 'decode',
    code: 'driver_failed',
    reason: `The server does not take the answer: ${message}`,
  };
}
