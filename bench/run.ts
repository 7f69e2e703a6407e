import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { measureScenario, type Sample } from './measure.ts';
import { compileMqttload } from './mqttload.ts';
import { type BenchOptions, parseOptions, usage } from './options.ts';
import type { Peer } from './peers.ts';
import { comparisons, reportTable } from './report.ts';

const options = parseOptions(process.argv.slice(2));
if (options === undefined) process.stdout.write(usage);
else await run(options);

async function run(options: BenchOptions): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const samples: Sample[] = [];
  try {
    const mqttload = compileMqttload(folder);
    for (const scenario of options.scenarios) {
      try {
        await measureScenario(scenario, options, mqttload, folder, (sample) => {
          samples.push(sample);
          tell(sample);
        });
      } catch (error) {
        // The other scenarios still say something; the exit status says that this one did not.
        process.exitCode = 1;
        process.stderr.write(`${scenario.name}: ${(error as Error).message}\n`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  if (samples.some(({ load }) => load?.complete === false)) process.exitCode = 1;
  for (const peer of options.peers.length === 0 ? [undefined] : options.peers) {
    const lines = [reportTable(samples, peer?.name), ...comparisons(samples), conditions(options, peer)];
    const report = `${lines.join('\n\n')}\n`;
    process.stdout.write(`\n${report}`);
    if (options.write && peer !== undefined)
      writeFileSync(new URL(peer.resultsFile, import.meta.url), `# Results\n\n${report}`);
  }
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(samples, undefined, 2)}\n`);
}

/** Progress, on standard error so that standard output is the report. */
function tell(sample: Sample): void {
  const { step, broker, run, value, load, measure } = sample;
  const incomplete = load?.complete === false ? `, incomplete: lost ${load.lost}` : '';
  const tail = measure === 'latency' && load !== undefined ? ` p99 ${load.p99.toFixed(2)}` : '';
  process.stderr.write(`${step}, run ${run}, ${broker}: ${value.toFixed(value < 100 ? 2 : 0)}${tail}${incomplete}\n`);
}

function conditions({ starts, runs }: BenchOptions, peer: Peer | undefined): string {
  const beside = peer === undefined ? '' : `, ${peer.name} ${peer.version()}`;
  const machine = `${cpus().length} cores (${cpus()[0].model.trim()})`;
  const each = starts === 1 ? 'each' : `of each of ${starts} starts`;
  const medians = `medians of ${runs} run${runs === 1 ? '' : 's'} ${each}`;
  return `Node ${process.versions.node}${beside}, ${machine}, loopback, ${medians}, ${new Date().toISOString().slice(0, 10)}.`;
}
