import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runAgainst } from './testing/fake-server.ts';

function answer(samples: number, different: number): object {
  const sample = (_: unknown, n: number) => ({ deviceId: 'd1', messageId: `m${n}`, before: [], after: [] });
  const all = { decoded: 100, same: 0, corrected: 0, failed: 5, end: 9 };
  return { ...all, different, samples: Array.from({ length: samples }, sample) };
}

test('decode-again says how many more there are than its table shows', async () => {
  const outOf = async (body: object): Promise<string> =>
    (await runAgainst({ 'POST /v1/device-types/meter/decode-again': { body } }, ['decode-again', 'meter'])).out;
  const cut = (await outOf(answer(20, 1_200))).split('\n');
  assert.equal(cut.length, 1 + 1 + 20 + 1);
  assert.equal(cut.at(-1), 'and 1,185 more');
  assert.equal((await outOf(answer(10, 5))).split('\n').length, 1 + 1 + 10);
});
