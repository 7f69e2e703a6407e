import { createHash } from 'node:crypto';
import { SimulatedClock } from '../../../std/clock.ts';
import { silentLog } from '../../../std/log.ts';
import { testDevice, testDeviceType, testMessage } from '../../testing/store-samples.ts';
import { SqliteStore } from '../store.ts';

/*
 * For fleet-crash.test.ts: `node fleet-child.ts FILE`. Imports devices, brings a driver as a canary and turns it off, stores messages, and
 * sweeps what is too old, one round after the other until it is killed. A line on standard output says what is safe.
 */
export const importedAtOnce = 150;
export const messagesAtOnce = 10;
/** One message each, so that ages can be told in messages. */
export const tickMs = 1_000;
export const keptMs = 25 * tickMs;
export const beganAt = 1_000_000_000;
export const sweepLimits = {
  inboxMs: keptMs,
  rawMs: keptMs,
  sweepRowsMax: 3,
  sweepIntervalMs: Number.MAX_SAFE_INTEGER,
};

if (import.meta.main) await run(process.argv[2]);

/** What driver a round brings: long, so that half of it would show. */
export function scriptOf(round: number): string {
  return `function decodeUplink() { return { data: { round: ${round} } }; } ${'//'.repeat(20_000)} ${round}`;
}

async function run(path: string): Promise<void> {
  const clock = new SimulatedClock(beganAt);
  const store = new SqliteStore({ path, log: silentLog, clock, limits: sweepLimits });
  await store.start();
  await store.registry.putDeviceType(testDeviceType({ name: 'meter', retention: { historyMs: keptMs, raw: true } }));
  if ((await store.registry.device('a')) === undefined)
    await store.registry.putDevice(testDevice({ id: 'a', type: 'meter' }));
  for (let round = await nextRound(store); ; round++) await oneRound(store, clock, round);
}

/** The driver is the last thing that a round brings, and a round that was cut short is made again. */
async function nextRound(store: SqliteStore): Promise<number> {
  const drivers = await store.registry.drivers();
  return drivers.filter(({ rollout }) => rollout?.stage === 'off').length;
}

async function oneRound(store: SqliteStore, clock: SimulatedClock, round: number): Promise<void> {
  await store.registry.putDevices(
    Array.from({ length: importedAtOnce }, (_, n) => ({
      device: testDevice({ id: `r${round}-${n}`, type: 'meter', attributes: { round: String(round) } }),
      tokenDigest: createHash('sha256').update(`${round}-${n}`).digest('hex'),
    })),
  );
  say(`imported ${round}`);
  const first = round * messagesAtOnce;
  await store.readings.apply(Array.from({ length: messagesAtOnce }, (_, n) => message(first + n)));
  say(`stored ${first + messagesAtOnce - 1}`);
  clock.advance(Math.max(0, beganAt + (first + messagesAtOnce) * tickMs - clock.now()));
  for (const duty of [store.sweeper, store.typeSweeper]) while (await duty.tick()) say('swept');
  const driver = { id: 'own', version: `1.${round}.0`, deviceType: 'meter', firmware: '*', script: scriptOf(round) };
  await store.registry.putDriver({ ...driver, createdAt: round, rollout: { stage: 'canary', share: 0.5 } });
  say(`driver ${round}`);
  await store.rollouts.putRollout('own', driver.version, { stage: 'off', share: 0, reason: `round ${round}` });
  say(`off ${round}`);
}

function message(n: number) {
  const time = beganAt + n * tickMs;
  const readings = [{ eventType: 'telemetry', time, seq: undefined, data: { n } }];
  return testMessage({ deviceId: 'a', messageId: `m-${n}`, processedAt: time, raw: Buffer.from(String(n)), readings });
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
