import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { ExportPosition } from '../src/devices/series.ts';
import { sqliteLimits } from '../src/devices/sqlite/limits.ts';
import { SqliteStore } from '../src/devices/sqlite/store.ts';
import { testDevice, testDeviceType, testMessage } from '../src/devices/testing/store-samples.ts';
import { silentLog } from '../src/std/log.ts';

/*
 * What is written while old rows are swept and the history is exported. One store, as in the server, with messages of 1,000
 * devices at a fixed rate; first alone, then beside the sweep of a million messages, and beside that an export of what is there.
 *
 *   node bench/retention.ts [messages] [per second]
 */
const [messagesOld = 1_000_000, perSecond = 20_000] = process.argv.slice(2).map(Number);
const devices = 1_000;
const batchSize = 500;
const hour = 3_600_000;
const sweepMsMax = 240_000;
const folder = mkdtempSync(join(tmpdir(), 'sluice-retention-'));
const path = join(folder, 'devices.db');
const store = new SqliteStore({
  path,
  log: silentLog,
  limits: { inboxMs: hour, rawMs: hour, sweepIntervalMs: 2 ** 31 - 1, typeSweepIntervalMs: 2 ** 31 - 1 },
});
let next = 0;

function batchOf(size: number, time: number) {
  return Array.from({ length: size }, () => {
    const n = next++;
    const data = { pulseCounter: n, leakage: false, batteryLevel: 81 };
    return testMessage({
      deviceId: `d${n % devices}`,
      messageId: `m-${n.toString(36).padStart(8, '0')}`,
      receivedAt: time,
      processedAt: time,
      raw: Buffer.from(JSON.stringify(data)),
      readings: [{ eventType: 'telemetry', time, seq: undefined, data }],
    });
  });
}

/** Writes at the rate until told to stop; answers how long each batch waited for its commit, from when it was due. */
async function write(stopped: () => boolean): Promise<number[]> {
  const latencies: number[] = [];
  const open = new Set<Promise<void>>();
  const began = performance.now();
  for (let batch = 0; !stopped(); batch++) {
    const due = began + (batch * batchSize * 1_000) / perSecond;
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const applied = store.readings.apply(batchOf(batchSize, Date.now())).then(() => {
      latencies.push(performance.now() - due);
      open.delete(applied);
    });
    open.add(applied);
    if (open.size >= 64) await Promise.race(open);
  }
  await Promise.all(open);
  return latencies;
}

/** For four minutes at most; answers how many rows went a second, of three for each message. */
async function sweep(): Promise<object> {
  const began = performance.now();
  let steps = 0;
  const duties = [store.sweeper, store.typeSweeper];
  while (duties.length > 0 && performance.now() - began < sweepMsMax) {
    steps++;
    if (!(await duties[0].tick())) duties.shift();
    await new Promise((resolve) => setTimeout(resolve, sqliteLimits.sweepPauseMs));
  }
  const seconds = (performance.now() - began) / 1_000;
  const left = rowsLeft();
  return { steps, left, rowsPerSecond: Math.round((3 * messagesOld - left) / seconds) };
}

function rowsLeft(): number {
  const database = new DatabaseSync(path, { readOnly: true });
  const before = Date.now() - hour;
  const tables = { history: 'time', raw: 'processed_at', inbox: 'processed_at' };
  const counts = Object.entries(tables).map(([table, column]) =>
    Number(database.prepare(`SELECT count(*) AS n FROM ${table} WHERE ${column} < ?`).get(before)?.n),
  );
  database.close();
  return counts.reduce((sum, count) => sum + count, 0);
}

async function exported(): Promise<number> {
  let bytes = 0;
  for (let next: ExportPosition | undefined; ; ) {
    const slice = await store.series.exported(
      { format: 'ndjson', deviceType: 'meter', eventType: undefined, from: undefined, to: undefined },
      next,
    );
    bytes += slice.text.length;
    next = slice.next;
    if (next === undefined) return bytes;
  }
}

async function phase<T>(name: string, work: () => Promise<T>): Promise<T> {
  let done = false;
  const began = performance.now();
  const first = next;
  const writing = write(() => done);
  const result = await work();
  done = true;
  const seconds = (performance.now() - began) / 1_000;
  const latencies = (await writing).sort((a, b) => a - b);
  const at = (share: number): string =>
    latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))].toFixed(1);
  const rate = Math.round((next - first) / seconds).toLocaleString('en');
  process.stdout.write(
    `| ${name} | ${seconds.toFixed(1)} s | ${rate}/s | ${at(0.5)} / ${at(0.99)} / ${at(1)} | ${JSON.stringify(result)} |\n`,
  );
  return result;
}

await store.start();
await store.registry.putDeviceType(testDeviceType({ name: 'meter', retention: { historyMs: hour, raw: true } }));
for (let n = 0; n < devices; n++) await store.registry.putDevice(testDevice({ id: `d${n}`, type: 'meter' }));
while (next < messagesOld) {
  await Promise.all(Array.from({ length: 4 }, () => store.readings.apply(batchOf(batchSize, Date.now() - 2 * hour))));
}
process.stdout.write(`${next} old messages, ${Math.round(statSync(path).size / 2 ** 20)} MiB\n`);
await phase('alone', () => new Promise((resolve) => setTimeout(resolve, 10_000)));
await phase('beside a sweep', sweep);
await phase('beside an export', exported);
await store.stop();
rmSync(folder, { recursive: true });
