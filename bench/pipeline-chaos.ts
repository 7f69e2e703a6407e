import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type ChaosResult, chaosRun } from './chaos/chaos-run.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    parallel: { type: 'string', default: '2' },
    write: { type: 'boolean', default: false },
  },
});
const first = Number(values.seed);
const end = first + Number(values.runs);
const results: ChaosResult[] = [];
const failures: string[] = [];
let next = first;
await Promise.all(Array.from({ length: Number(values.parallel) }, worker));

async function worker(): Promise<void> {
  while (next < end) {
    const seed = next++;
    try {
      const result = await chaosRun(seed);
      results.push(result);
      if (!result.passed) failures.push(sentence(result));
      process.stderr.write(`${sentence(result)}\n`);
    } catch (problem) {
      failures.push(`seed ${seed}: ${(problem as Error).message}`);
      process.stderr.write(`seed ${seed}: ${(problem as Error).stack}\n`);
    }
  }
}

function sentence({ seed, account, disturbances, passed }: ChaosResult): string {
  const { sent, applied, stale, duplicate, dead, lost, problems } = account;
  const happened = Object.entries(disturbances).map(([name, times]) => `${name} ${times}`);
  const story = problems.length > 0 ? `\n  ${problems.slice(0, 8).join('\n  ')}` : '';
  return `seed ${seed}: sent ${sent} = applied ${applied} + stale ${stale} + duplicate ${duplicate} + dead ${dead}, lost ${lost}; ${happened.join(', ')}; ${passed ? 'adds up' : 'DOES NOT ADD UP'}${story}`;
}

const sum = (of: (result: ChaosResult) => number): string =>
  results.reduce((total, result) => total + of(result), 0).toLocaleString('en-US');
const done = new Set(results.flatMap(({ disturbances }) => Object.keys(disturbances)));
const report = [
  `${values.runs} runs from seed ${first}: ${results.filter(({ passed }) => passed).length} add up, ${failures.length} do not.`,
  `Sent ${sum(({ account }) => account.sent)} = applied ${sum(({ account }) => account.applied)} + stale ${sum(({ account }) => account.stale)} + duplicate ${sum(({ account }) => account.duplicate)} + dead ${sum(({ account }) => account.dead)}; lost ${sum(({ account }) => account.lost)}.`,
  `Disturbances: ${[...done].map((name) => `${name} ${sum(({ disturbances }) => disturbances[name] ?? 0)}`).join(', ')}.`,
  ...failures,
].join('\n');
process.stdout.write(`${report}\n`);
if (failures.length > 0) process.exitCode = 1;
if (values.write)
  writeFileSync(new URL('pipeline-chaos.md', import.meta.url), `# The pipeline under chaos\n\n${report}\n`);
