import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runUntilKilled } from '../../std/testing/killed-child.ts';
import { forSeedsInTurn } from '../../std/testing/seed.ts';
import { SqliteFixture } from './testing/store-fixture.ts';

const child = fileURLToPath(new URL('./testing/correcting-child.ts', import.meta.url));
const kills = 6;
const messages = 200;

test('killed while stored messages are decoded again, each of them is the old or the new, and the state is that of the newest', async () => {
  const fixture = new SqliteFixture();
  let cutShort = 0;
  await forSeedsInTurn(kills, async (random) => {
    await runUntilKilled(child, [fixture.path, String(messages)], random.between(1, 25));
    const store = await fixture.open();
    const rows = await store.readings.history({ deviceId: 'a', limit: 10_000 });
    assert.equal(rows.length, 2 * messages, 'a reading is lost, or is there twice');
    const generations = new Map<string, unknown>();
    for (const { messageId, eventType, data } of rows) {
      assert.equal(messageId, `m-${data.n}`);
      if (!generations.has(messageId)) generations.set(messageId, data.generation);
      assert.equal(data.generation, generations.get(messageId), `${eventType} of ${messageId} is of another decoding`);
    }
    const state = await store.readings.state('a');
    const values = state.filter(({ key }) => key === 'generation').map(({ value }) => value);
    const ofNewest = generations.get(`m-${messages - 1}`);
    assert.deepEqual(values, [ofNewest, ofNewest], 'the state is of another decoding than the newest message');
    const found = new Set(generations.values());
    assert.ok(found.size <= 2, 'one decoding was overtaken by the next');
    if (found.size === 2) cutShort++;
    await store.stop();
  });
  assert.ok(cutShort > 0, 'no kill fell into a decoding');
  await fixture.close({ stop: async () => undefined });
});
