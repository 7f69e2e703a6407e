import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { SimulatedClock } from '../../std/clock.ts';
import { silentLog } from '../../std/log.ts';
import { runUntilKilled, wholeLines } from '../../std/testing/killed-child.ts';
import { forSeedsInTurn } from '../../std/testing/seed.ts';
import { SqliteStore } from './store.ts';
import {
  beganAt,
  importedAtOnce,
  keptMs,
  messagesAtOnce,
  scriptOf,
  sweepLimits,
  tickMs,
} from './testing/fleet-child.ts';
import { SqliteFixture } from './testing/store-fixture.ts';

const child = fileURLToPath(new URL('./testing/fleet-child.ts', import.meta.url));
const kills = 8;
const linesOfRound = 12;

test('killed at imports, drivers that come and canaries that go, and sweeps, nothing is there by half', async () => {
  const fixture = new SqliteFixture();
  const safe = new Map<string, number>();
  const cutShort = new Set<string>();
  await forSeedsInTurn(kills, async (random) => {
    const said = await runUntilKilled(child, [fixture.path], random.between(1, 4 * linesOfRound), '\n');
    for (const line of wholeLines(said)) {
      const [what, number] = line.split(' ');
      if (number !== undefined) safe.set(what, Math.max(safe.get(what) ?? -1, Number(number)));
    }
    const clock = new SimulatedClock(beganAt);
    const store = new SqliteStore({ path: fixture.path, log: silentLog, clock, limits: sweepLimits });
    await store.start();
    await checkImports(store, safe.get('imported') ?? -1);
    if (await checkDrivers(store, safe.get('driver') ?? -1, safe.get('off') ?? -1)) cutShort.add('canary');
    if (await checkRetention(store, clock, fixture.path, safe.get('stored') ?? -1)) cutShort.add('sweep');
    await store.stop();
  });
  assert.ok(cutShort.has('sweep'), 'no kill fell into a sweep');
  await fixture.close({ stop: async () => undefined });
});

/** All devices of an import, with what they are, or none of them. */
async function checkImports(store: SqliteStore, safe: number): Promise<void> {
  const devices = await store.registry.devices({ limit: 10_000 });
  const counts = new Map<number, number>();
  for (const { id, attributes } of devices) {
    if (id === 'a') continue;
    const round = Number(id.slice(1, id.indexOf('-')));
    assert.equal(attributes.round, String(round));
    counts.set(round, (counts.get(round) ?? 0) + 1);
  }
  for (let round = 0; round <= safe; round++) assert.equal(counts.get(round), importedAtOnce, `import ${round}`);
  for (const [round, count] of counts) assert.equal(count, importedAtOnce, `import ${round} came by half`);
}

/** Every driver is whole, and on trial or off. Answers whether one is still on trial. */
async function checkDrivers(store: SqliteStore, safeDriver: number, safeOff: number): Promise<boolean> {
  const drivers = await store.registry.drivers();
  for (let round = 0; round <= safeDriver; round++)
    assert.ok(
      drivers.some(({ version }) => version === `1.${round}.0`),
      `driver of round ${round} is lost`,
    );
  for (const { version, script, rollout } of drivers) {
    const round = Number(version.split('.')[1]);
    assert.equal(script, scriptOf(round));
    if (rollout?.stage === 'off') assert.equal(rollout.reason, `round ${round}`);
    else assert.equal(rollout?.stage, 'canary');
    assert.ok(round > safeOff || rollout?.stage === 'off', `the canary of round ${round} is on trial again`);
  }
  return drivers.some(({ rollout }) => rollout?.stage === 'canary');
}

/** What a sweep left is what is newest, without gaps; the state is that of the newest; and the next sweep takes exactly the rest. */
async function checkRetention(store: SqliteStore, clock: SimulatedClock, path: string, safe: number): Promise<boolean> {
  const outside = new DatabaseSync(path);
  const numbersOf = (table: string, value: string): number[] =>
    outside
      .prepare(`SELECT ${value} AS n FROM ${table} WHERE device_id = 'a' ORDER BY n`)
      .all()
      .map(({ n }) => Number(n));
  const read = () => ({
    history: numbersOf('history', `(time - ${beganAt}) / ${tickMs}`),
    inbox: numbersOf('inbox', `(processed_at - ${beganAt}) / ${tickMs}`),
    raw: numbersOf('raw', `(processed_at - ${beganAt}) / ${tickMs}`),
  });
  const before = read();
  const newest = before.history.at(-1) ?? -1;
  assert.ok(newest >= safe && (newest + 1) % messagesAtOnce === 0, `message ${safe} is lost, or a batch came by half`);
  const state = await store.readings.state('a');
  assert.deepEqual(
    state.map(({ value }) => value),
    newest < 0 ? [] : [newest],
  );
  for (const [table, numbers] of Object.entries(before)) {
    assert.deepEqual(
      numbers,
      numbers.map((_, at) => numbers[0] + at),
      `rows of ${table} went from the middle`,
    );
    if (newest >= 0) assert.equal(numbers.at(-1), newest);
  }
  clock.advance((newest + 1) * tickMs);
  for (const duty of [store.sweeper, store.typeSweeper]) while (await duty.tick());
  const oldest = Math.max(0, newest + 1 - keptMs / tickMs);
  const left = Array.from({ length: newest + 1 - oldest }, (_, at) => oldest + at);
  assert.deepEqual(read(), { history: left, inbox: left, raw: left });
  outside.close();
  return Object.values(before).some((numbers) => numbers.length > left.length);
}
