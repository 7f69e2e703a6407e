import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { silentLog } from '../../../std/log.ts';
import { runUntilKilled } from '../../../std/testing/killed-child.ts';
import { forSeedsInTurn } from '../../../std/testing/seed.ts';
import { Environment } from '../../../storage/environment.ts';
import { GroupCommit } from '../../../storage/group-commit.ts';
import { checkQueues } from '../check/check-queues.ts';
import { EmbeddedEngine } from '../engine.ts';
import { storedRows } from '../testing/stored-rows.ts';

const child = fileURLToPath(new URL('./testing/log-crash-child.ts', import.meta.url));
const kills = 20;
const groups = ['plain', 'second'] as const;

/** What was said before the kills, of all runs. */
class Journal {
  readonly stored = new Set<string>();
  /** By group: what a consumer was about to acknowledge, and what of it was flushed. */
  readonly settling = new Map<string, Set<string>>(groups.map((group) => [group, new Set()]));
  readonly settled = new Map<string, Set<string>>(groups.map((group) => [group, new Set()]));
  /** Which message a sequence stands for, as somebody has seen it. */
  readonly seen = new Map<number, string>();

  take(line: string): void {
    const [kind, ...words] = line.split(' ');
    if (kind === 'stored') this.stored.add(words[0]);
    else if (kind === 'seen') this.#see(Number(words[0]), words[1]);
    else this[kind as 'settling' | 'settled'].get(words[0])?.add(words[1]);
  }

  #see(sequence: number, id: string): void {
    assert.equal(this.seen.get(sequence) ?? id, id, `sequence ${sequence} has been two messages`);
    this.seen.set(sequence, id);
  }
}

test('a log that is killed under load has all that was stored, without holes, and each group goes on where it was', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-log-crash-'));
  const journal = new Journal();
  let kill = 0;
  await forSeedsInTurn(kills, async (random) => {
    await runOnce(folder, `run${++kill}`, random.between(1, 60), journal);
    await check(folder, kill, journal);
  });
  for (const group of groups) assert.ok((journal.settled.get(group)?.size ?? 0) > 0);
  rmSync(folder, { recursive: true });
});

/** Takes up all that the child noted before it was killed. */
async function runOnce(folder: string, prefix: string, dots: number, journal: Journal): Promise<void> {
  const noted = join(folder, 'journal');
  await runUntilKilled(child, [folder, prefix, noted], dots);
  // A line that the kill cut off has no end.
  for (const line of readFileSync(noted, 'utf8').split('\n').slice(0, -1)) journal.take(line);
}

async function check(folder: string, kill: number, journal: Journal): Promise<void> {
  const environment = new Environment(folder);
  assert.deepEqual([...checkQueues(storedRows(environment))], []);
  const engine = new EmbeddedEngine({ environment, commit: new GroupCommit({ environment }), log: silentLog });
  await engine.start();
  const present = await contentsOf(engine);
  const ids = new Set(present.values());
  assert.equal(ids.size, present.size, 'a message is there twice');
  for (const id of journal.stored) assert.ok(ids.has(id), `kill ${kill}: ${id} was stored and is lost`);
  const sequences = [...present.keys()];
  assert.equal(sequences.at(-1), sequences.length, `kill ${kill}: the sequences have holes`);
  for (const [sequence, id] of journal.seen)
    assert.equal(present.get(sequence), id, `kill ${kill}: ${sequence} changed`);
  for (const group of groups) await checkGroup(engine, group, kill, present, journal);
  await engine.stop();
  await environment.close();
}

/** What a group gets now, and the dead letters of it, are all that it did not settle; its lag says how many they are. */
async function checkGroup(
  engine: EmbeddedEngine,
  group: string,
  kill: number,
  present: ReadonlyMap<number, string>,
  journal: Journal,
): Promise<void> {
  const info = (await engine.groups('log')).find(({ name }) => name === group);
  assert.ok(info !== undefined);
  const open = await unsettledOf(engine, group, info.lagMessages);
  const dead = await deadOf(engine, group);
  assert.equal(open.size, info.lagMessages, `kill ${kill}: the lag of ${group} is not what it has to settle`);
  for (const id of journal.settled.get(group) ?? []) {
    assert.ok(!open.has(id) && !dead.has(id), `kill ${kill}: ${id} was settled by ${group} and came back`);
  }
  for (const id of present.values()) {
    const places = Number(open.has(id)) + Number(dead.has(id));
    assert.ok(places <= 1, `kill ${kill}: ${id} is open and dead in ${group}`);
    if (places === 0) assert.ok(journal.settling.get(group)?.has(id), `kill ${kill}: ${group} has skipped ${id}`);
  }
}

async function contentsOf(engine: EmbeddedEngine): Promise<Map<number, string>> {
  const present = new Map<number, string>();
  for (let from: number | undefined = 0; from !== undefined; ) {
    const page = await engine.browse('log', { from, limit: 10_000 });
    for (const { sequence, message } of page.messages) present.set(sequence, message.payload.toString());
    from = page.next;
  }
  const stats = await engine.stats('log');
  assert.equal(stats.ready, present.size, 'the counters of the log differ from its rows');
  return present;
}

/** Leases all that there is, also what waits for another try, and gives it back. */
async function unsettledOf(engine: EmbeddedEngine, group: string, count: number): Promise<Set<string>> {
  const open = new Set<string>();
  const tokens: string[] = [];
  // Each consumer may hold 1,000.
  for (let consumer = 0; open.size < count; consumer++) {
    const leased = await engine.lease('log', { consumerId: `${consumer}`, group, max: 1_000, waitMs: 2_000 });
    if (leased.length === 0) break;
    for (const { token, delivery } of leased) {
      tokens.push(token);
      open.add(delivery.message.payload.toString());
    }
  }
  const more = await engine.lease('log', { consumerId: 'more', group, max: 1, waitMs: 0 });
  assert.deepEqual(more, [], `${group} gets more than its lag says`);
  await engine.settle('log', tokens, { kind: 'released' });
  return open;
}

async function deadOf(engine: EmbeddedEngine, group: string): Promise<Set<string>> {
  const names = (await engine.list()).map(({ name }) => name);
  if (!names.includes('log.dead')) return new Set();
  const { messages } = await engine.browse('log.dead', { from: 0, limit: 1_000_000 });
  const own = messages.filter(({ death }) =>
    death?.headers.some(([name, value]) => name === 'group' && value === group),
  );
  return new Set(own.map(({ message }) => message.payload.toString()));
}
