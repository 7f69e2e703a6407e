import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { mosquittoVersion } from './mosquitto.ts';
import { besideMosquitto } from './pipeline/beside.ts';
import { type Answered, compileLoads } from './pipeline/loads.ts';
import { measurePipeline, type PipelineSample } from './pipeline/measure.ts';
import { pipelineScenarios } from './pipeline/scenarios.ts';
import { minutes, pipelineTable } from './pipeline/table.ts';

const known = pipelineScenarios.map(({ name }) => name).join(', ');

const usage = `Usage: node bench/pipeline.ts [options]

  --scenario NAME  only this scenario; may be given several times. One of ${known}
  --runs N         runs of each, the burst excepted; the table shows medians (3)
  --beside         the minute at Mosquitto too
  --write          the table into bench/pipeline.md
  --help           show this
`;

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', multiple: true },
    runs: { type: 'string', default: '3' },
    beside: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(usage);
  process.exit();
}
const unknown = values.scenario?.find((name) => pipelineScenarios.every((scenario) => scenario.name !== name));
if (unknown !== undefined) throw new Error(`No scenario "${unknown}": expected one of ${known}`);
const scenarios = pipelineScenarios.filter(({ name }) => values.scenario?.includes(name) ?? true);
const runs = Number(values.runs);
if (!Number.isInteger(runs) || runs < 1) throw new Error(`Expected --runs from 1: met "${values.runs}"`);

// Said before the minutes that it takes, not behind them.
if (values.beside) mosquittoVersion();

const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
const samples: PipelineSample[] = [];
const beside: Answered[] = [];
try {
  const loads = compileLoads(folder);
  for (const scenario of scenarios) {
    for (let run = 1; run <= (scenario.held ? 1 : runs); run++) {
      const sample = await measurePipeline(scenario, loads, join(folder, `${scenario.name}-${run}`));
      samples.push(sample);
      process.stderr.write(
        `${scenario.title}, run ${run}: ${(sample.messages / sample.processedSeconds).toFixed(0)}/s\n`,
      );
      if (sample.stored !== sample.messages) process.exitCode = 1;
      if (values.beside && scenario.paced)
        beside.push(await besideMosquitto(scenario, loads, join(folder, `mosquitto-${run}`)));
    }
  }
} finally {
  rmSync(folder, { recursive: true });
}
const machine = `${cpus().length} cores (${cpus()[0].model.trim()}), server and load on the same, in the minute on one each`;
const report = `${[pipelineTable(samples), ...minutes(samples, beside)].join('\n\n')}\n\nNode ${process.versions.node}, ${machine}, medians of ${runs} runs (the burst: one), ${new Date().toISOString().slice(0, 10)}.\n`;
process.stdout.write(`\n${report}`);
if (values.write) writeFileSync(new URL('pipeline.md', import.meta.url), `# The pipeline\n\n${report}`);
