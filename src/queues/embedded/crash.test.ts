import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { silentLog } from '../../std/log.ts';
import { runUntilKilled } from '../../std/testing/killed-child.ts';
import { forSeedsInTurn } from '../../std/testing/seed.ts';
import { Environment } from '../../storage/environment.ts';
import { GroupCommit } from '../../storage/group-commit.ts';
import { checkQueues } from './check/check-queues.ts';
import { EmbeddedEngine } from './engine.ts';
import { storedRows } from './testing/stored-rows.ts';

const child = fileURLToPath(new URL('./testing/crash-child.ts', import.meta.url));
const kills = 20;

interface Journal {
  readonly stored: Set<string>;
  readonly settling: Set<string>;
  readonly settled: Set<string>;
}

test('killed under load, it has every message that was stored and none that was acknowledged and flushed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-crash-'));
  const all: Journal = { stored: new Set(), settling: new Set(), settled: new Set() };
  let kill = 0;
  await forSeedsInTurn(kills, async (random) => {
    await runOnce(folder, `run${++kill}`, random.between(1, 60), all);
    const { work, dead, left, right } = await contents(folder);
    const present = new Set([...work, ...dead]);
    assert.equal(present.size, work.length + dead.length, 'a message is there twice');
    for (const id of all.stored) {
      if (!all.settling.has(id)) assert.ok(present.has(id), `kill ${kill}: ${id} was stored and is lost`);
    }
    for (const id of all.settled) assert.ok(!present.has(id), `kill ${kill}: ${id} was acknowledged and came back`);
    assert.deepEqual(left, right, 'a message went to one of its queues only');
    const kept = new Set(left);
    for (const id of all.stored) assert.ok(kept.has(id), `kill ${kill}: ${id} is lost in a queue without consumers`);
  });
  assert.ok(all.stored.size > 0 && all.settled.size > 0);
  rmSync(folder, { recursive: true });
});

/** Takes up all that the child noted before it was killed. */
async function runOnce(folder: string, prefix: string, dots: number, journal: Journal): Promise<void> {
  const noted = join(folder, 'journal');
  await runUntilKilled(child, [folder, prefix, noted], dots);
  // A line that the kill cut off has no end.
  for (const line of readFileSync(noted, 'utf8').split('\n').slice(0, -1)) {
    const [kind, id] = line.split(' ');
    journal[kind as keyof Journal].add(id);
  }
}

/** What is in each queue after a restart; the counters must say the same as the rows. */
async function contents(folder: string): Promise<Record<'work' | 'dead' | 'left' | 'right', string[]>> {
  const environment = new Environment(folder);
  assert.deepEqual([...checkQueues(storedRows(environment))], []);
  const engine = new EmbeddedEngine({ environment, commit: new GroupCommit({ environment }), log: silentLog });
  await engine.start();
  const idsIn = async (queue: string): Promise<string[]> => {
    const ids: string[] = [];
    for (let from: number | undefined = 0; from !== undefined; ) {
      const page = await engine.browse(queue, { from, limit: 10_000 });
      for (const { message } of page.messages) ids.push(message.payload.toString());
      from = page.next;
    }
    const { ready, scheduled, leased } = await engine.stats(queue);
    assert.equal(leased, 0);
    assert.equal(ready + scheduled, ids.length, `the counters of "${queue}" differ from its rows`);
    return ids;
  };
  const names = (await engine.list()).map(({ name }) => name);
  const found = {
    work: await idsIn('work'),
    dead: names.includes('work.dead') ? await idsIn('work.dead') : [],
    left: await idsIn('left'),
    right: await idsIn('right'),
  };
  await engine.stop();
  await environment.close();
  return found;
}
