import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DecodeResult } from '../pipeline/driver.ts';
import { HttpProblem } from '../sdk/http/http-api.ts';
import { sendResults } from './results.ts';

const bodyBytesMax = 4 * 1024 * 1024;
const reading = (v: unknown): DecodeResult => ({ ok: true, readings: [{ data: { v } as never }], warnings: [] });

/** A server that takes what `takes` says. */
function server(takes: (results: readonly DecodeResult[]) => number = () => 200) {
  const taken = new Map<number, DecodeResult>();
  const send = async (from: number, results: readonly DecodeResult[]): Promise<void> => {
    const status = takes(results);
    if (status !== 200) throw new HttpProblem(`status ${status}`, status, status >= 500);
    for (const [index, result] of results.entries()) taken.set(from + index, result);
  };
  return { taken, send };
}

test('results that are large together go in parts, each at its place', async () => {
  const results = Array.from({ length: 9 }, (_, v) => reading(`${v}`.repeat(300_000)));
  let largest = 0;
  const { taken, send } = server((part) => {
    largest = Math.max(largest, JSON.stringify(part).length);
    return 200;
  });
  await sendResults(results, bodyBytesMax, send);
  assert.deepEqual(
    [...taken.entries()].sort(([a], [b]) => a - b).map(([, result]) => result),
    results,
  );
  assert.ok(largest <= 1024 * 1024);
});

test('a result that the server does not take costs its own message only', async () => {
  for (const status of [400, 413]) {
    const results = Array.from({ length: 7 }, (_, v) => reading(v));
    const { taken, send } = server((part) =>
      part.some((each) => each.ok && each.readings[0].data.v === 4) ? status : 200,
    );
    await sendResults(results, bodyBytesMax, send);
    const refused = taken.get(4);
    assert.equal(refused?.ok === false && refused.code, 'driver_failed');
    for (const place of [0, 1, 2, 3, 5, 6]) assert.deepEqual(taken.get(place), results[place]);
  }
});

test('a result that is too large by itself is not sent: its message is answered with that', async () => {
  const { taken, send } = server((part) => (JSON.stringify(part).length > 10_000 ? 0 : 200));
  await sendResults([reading(1), reading('ä'.repeat(5_000)), reading(3)], 10_000, send);
  const refused = taken.get(1);
  assert.match(refused?.ok === false ? refused.reason : '', /at most 8976 can be sent/);
  assert.deepEqual([taken.get(0), taken.get(2)], [reading(1), reading(3)]);
});

test('a server that is not there is a problem, and no answer', async () => {
  const { send } = server(() => 503);
  await assert.rejects(sendResults([reading(1), reading(2)], bodyBytesMax, send), { status: 503 });
});
