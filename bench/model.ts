import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { randomLogRun } from '../src/queues/embedded/log/testing/model/random-log-run.ts';
import { type RunCounts, randomRun } from '../src/queues/embedded/testing/model/random-run.ts';
import { Random } from '../src/std/testing/random.ts';
import { StorageDouble } from '../src/storage/testing/storage-double.ts';

/**
 * Random operations on the queues, on a simulated clock and on storage that loses what is not flushed, against a reference:
 * a seed is a choice of options and a run of operations. Ends with status 1 and the seed where the two disagree.
 */
const usage = `Usage: node bench/model.ts [options]

  --operations N     altogether (1000000)
  --steps N          of one seed (5000)
  --seed N           the first one (1)
  --logs             logs with their groups, instead of work queues
  --write            write the account to bench/model.md, or bench/model-logs.md
`;

const { values } = parseArgs({
  options: {
    operations: { type: 'string', default: '1000000' },
    steps: { type: 'string', default: '5000' },
    seed: { type: 'string', default: '1' },
    logs: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

const queueClaim = `After each of them every count of
every queue was that of the reference, and \`enqueued + present at the start = acknowledged + dead + expired + dropped + moved +
present\` held; after every twentieth so was every message.`;

const logClaim = `Every row that was written of
messages, groups and failures was what the reference said in that moment, every message that left had a reason to, and the counts of the log and
of each group were those of the reference; after every twentieth of them so was every message.`;

const kindOption = values.logs ? ' --logs' : '';

if (values.help) process.stdout.write(usage);
else process.exitCode = await run(Number(values.operations), Number(values.steps), Number(values.seed));

async function run(operations: number, steps: number, firstSeed: number): Promise<number> {
  const began = performance.now();
  const totals = new Map<string, number>();
  const end = firstSeed + Math.ceil(operations / steps);
  for (let seed = firstSeed; seed < end; seed++) {
    try {
      const random = new Random(seed);
      addTo(totals, await (values.logs ? randomLogRun(random, steps) : randomRun(random, steps, new StorageDouble())));
    } catch (problem) {
      process.stderr.write(
        `--seed ${seed} --steps ${steps} --operations ${steps}${kindOption} does this again: ${problem}\n`,
      );
      return 1;
    }
  }
  const seconds = (performance.now() - began) / 1_000;
  const account = accountOf(totals, { operations: (end - firstSeed) * steps, steps, firstSeed, end, seconds });
  process.stdout.write(account);
  const file = values.logs ? './model-logs.md' : './model.md';
  if (values.write) writeFileSync(new URL(file, import.meta.url), account);
  return 0;
}

function addTo(totals: Map<string, number>, counts: RunCounts): void {
  for (const [name, count] of Object.entries(counts)) totals.set(name, (totals.get(name) ?? 0) + count);
}

function accountOf(
  totals: ReadonlyMap<string, number>,
  run: { operations: number; steps: number; firstSeed: number; end: number; seconds: number },
): string {
  const rows = [...totals].sort(([, a], [, b]) => b - a).map(([name, count]) => `| ${name} | ${text(count)} |`);
  const { operations, steps, firstSeed, end, seconds } = run;
  return `# ${values.logs ? 'Logs' : 'The queues'} against their reference

\`node bench/model.ts --operations ${operations} --steps ${steps} --seed ${firstSeed}${kindOption}\`: ${text(operations)} random
operations, seeds ${firstSeed} to ${end - 1} with ${text(steps)} each, in ${Math.round(seconds)} s. ${values.logs ? logClaim : queueClaim} A power cut
loses what is not flushed, and the reference loses exactly that. Disagreements: 0.

| operation | times |
|---|---|
${rows.join('\n')}
`;
}

function text(count: number): string {
  return count.toLocaleString('en');
}
