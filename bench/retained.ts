import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Publication } from '../src/broker/publication.ts';
import { RetainedTable } from '../src/broker/retained-table.ts';
import { silentLog } from '../src/std/log.ts';
import { Environment } from '../src/storage/environment.ts';
import { GroupCommit } from '../src/storage/group-commit.ts';

// Retained messages on disk, by their number: node bench/retained.ts [FOLDER], which is on the disk to be measured.

const counts = [100_000, 1_000_000];
const payload = Buffer.alloc(256, 0x78);
const lookups = 100_000;
/** Topics of each device. */
const kinds = ['config', 'firmware', 'location', 'name', 'status'];

const topic = (n: number): string =>
  `devices/dev-${Math.floor(n / kinds.length)
    .toString(36)
    .padStart(8, '0')}/${kinds[n % kinds.length]}`;

if (process.argv[2] === '--open') openAlone(process.argv[3]);
else await measureAll(process.argv[2] ?? tmpdir());

async function measureAll(parent: string): Promise<void> {
  process.stdout.write(
    '| messages | put /s | replaced /s | file | start | memory | exact, each | +/status /s | # /s | finds nothing, keys /s |\n' +
      '| --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |\n',
  );
  for (const count of counts) process.stdout.write(await measure(parent, count));
}

async function measure(parent: string, count: number): Promise<string> {
  const folder = mkdtempSync(join(parent, 'sluice-bench-'));
  try {
    const before = open(folder);
    const putMs = await elapsed(() => putAll(before, count));
    const replaceMs = await elapsed(() => putAll(before, count));
    await before.environment.close();
    const start = startAlone(folder);
    const { table, environment } = open(folder);
    if (table.size !== count) throw new Error(`Expected ${count} messages, met ${table.size}`);
    const exactMs = await elapsed(() => lookUp(table, count));
    const status = await scan(table, 'devices/+/status', count / kinds.length);
    const all = await scan(table, '#', count);
    const nothing = await scan(table, 'devices/+/statuz', 0);
    const fileBytes = statSync(join(folder, 'data.mdb')).size;
    await environment.close();
    const cells = [
      count.toLocaleString('en'),
      rate(count, putMs),
      rate(count, replaceMs),
      `${(fileBytes / 2 ** 20).toFixed(0)} MiB`,
      `${start.ms.toFixed(0)} ms`,
      `${(start.bytes / 2 ** 20).toFixed(1)} MiB`,
      `${((exactMs * 1000) / lookups).toFixed(1)} µs`,
      rate(status.found, status.ms),
      rate(all.found, all.ms),
      rate(nothing.keys, nothing.ms),
    ];
    return `| ${cells.join(' | ')} |\n`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Opened {
  readonly environment: Environment;
  readonly commit: GroupCommit;
  readonly table: RetainedTable;
}

function open(folder: string): Opened {
  const environment = new Environment(folder);
  const commit = new GroupCommit({ environment });
  return { environment, commit, table: new RetainedTable(environment, commit, silentLog) };
}

/** What a process of its own takes to open the table. */
function startAlone(folder: string): { ms: number; bytes: number } {
  const { stdout } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), '--open', folder]);
  return JSON.parse(stdout.toString());
}

function openAlone(folder: string): void {
  const bytes = ownBytes();
  const start = performance.now();
  const { environment } = open(folder);
  const ms = performance.now() - start;
  process.stdout.write(JSON.stringify({ ms, bytes: ownBytes() - bytes }));
  void environment.close();
}

/** As fast as storage takes them, in turns of a thousand. */
async function putAll({ table, commit }: Opened, count: number): Promise<void> {
  for (let n = 0; n < count; n++) {
    table.put(new Publication(topic(n), payload, 1, true, undefined, Date.now(), 'bench'), n);
    if (n % 1_000 < 999) continue;
    if (table.hasRoom(64 * 1024 * 1024)) await new Promise((resolve) => setImmediate(resolve));
    else await commit.flushed();
  }
  await commit.flushed();
}

function lookUp(table: RetainedTable, count: number): void {
  let found = 0;
  for (let n = 0; n < lookups; n++) table.scan(topic((n * 7_919) % count)).read(() => ++found > 0);
  if (found !== lookups) throw new Error(`Expected ${lookups} messages, met ${found}`);
}

/** A step a turn, as a connection does. */
async function scan(
  table: RetainedTable,
  filter: string,
  expected: number,
): Promise<{ found: number; keys: number; ms: number }> {
  let found = 0;
  let keys = 0;
  const ms = await elapsed(async () => {
    const scan = table.scan(filter);
    while (!scan.isDone) {
      keys += scan.read(() => ++found > 0);
      await new Promise((resolve) => setImmediate(resolve));
    }
  });
  if (found !== expected) throw new Error(`Expected ${expected} of "${filter}", met ${found}`);
  return { found, keys, ms };
}

/** What the process holds beside the mapped file. */
function ownBytes(): number {
  const line = /RssAnon:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'));
  return line === null ? 0 : Number(line[1]) * 1024;
}

async function elapsed(run: () => unknown): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

function rate(count: number, ms: number): string {
  return Math.round((count * 1000) / ms).toLocaleString('en');
}
