import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { DepthRun, type DepthSize } from './depth/depth-run.ts';
import { depthTable, isWhole } from './depth/table.ts';
import { parseNumbers } from './kill/numbers.ts';

/**
 * What a deep queue costs: memory, rates against the empty queue, the start after SIGKILL, and the room on the disk. Ends with
 * status 1 when a message is lost or comes twice.
 */
const usage = `Usage: node bench/queue-depth.ts [options]

  --messages N       that wait in the queue, 256 bytes each (5000000)
  --sample N         messages of a rate (500000)
  --rounds N         samples of a rate, of which the median counts (3)
  --write            write the table to bench/queue-depth.md

The data goes below TMPDIR; figures are worth something where that is on a disk.
`;

const flags = {
  messages: { min: 100, default: 5_000_000 },
  sample: { min: 100, default: 500_000 },
  rounds: { min: 1, default: 3 },
};

/** Room for a message with all that the database has around it. */
const diskBytesPerMessage = 1_024;
const tmpfs = 0x01021994;

const options = parseNumbers(flags);
if (options === undefined) process.stdout.write(usage);
else await main(options, options.write);

async function main(size: DepthSize, write: boolean): Promise<void> {
  checkDisk((size.messages + 2 * size.rounds * size.sample) * diskBytesPerMessage);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-depth-'));
  try {
    const figures = await new DepthRun(folder, size, (line) => process.stderr.write(`${line}\n`)).run();
    const report = `${depthTable(figures)}\n\n${conditions(size)}\n`;
    process.stdout.write(report);
    if (!isWhole(figures)) process.exitCode = 1;
    if (write) {
      const command = `node bench/queue-depth.ts --messages ${size.messages}`;
      writeFileSync(new URL('queue-depth.md', import.meta.url), `# A deep queue\n\n\`${command}\`\n\n${report}`);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function checkDisk(bytes: number): void {
  const folder = tmpdir();
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  if (free >= bytes) return;
  const gigabytes = (count: number): string => (count / 1e9).toFixed(1);
  throw new Error(`Set TMPDIR to a folder with ${gigabytes(bytes)} GB: "${folder}" has ${gigabytes(free)}`);
}

function conditions(size: DepthSize): string {
  const place =
    statfsSync(tmpdir()).type === tmpfs ? 'in memory (tmpfs): set TMPDIR to a folder on a disk' : 'on a disk';
  const samples = `rates are medians of ${size.rounds} samples of ${size.sample.toLocaleString('en-US')}`;
  return `Node ${process.versions.node}, ${cpus().length} cores (${cpus()[0].model.trim()}), data ${place}, ${samples}.`;
}
