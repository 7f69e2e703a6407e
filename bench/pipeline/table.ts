import { mosquittoVersion } from '../mosquitto.ts';
import { median } from '../report.ts';
import type { Answered } from './loads.ts';
import type { PipelineSample } from './measure.ts';

/** A Markdown table with a row for each scenario: medians of its runs. */
export function pipelineTable(samples: readonly PipelineSample[]): string {
  const names = [...new Set(samples.map(({ scenario }) => scenario.name))];
  const rows = names.map((name) => rowOf(samples.filter(({ scenario }) => scenario.name === name)));
  const head = [
    'scenario',
    'aim',
    'processed',
    'acknowledged',
    'ack p50 / p99 / max ms',
    'outcomes',
    'stored',
    'CPU s',
    'memory MiB',
  ];
  const lines = ['---', '---', ...head.slice(2).map(() => '--:')];
  return [head, lines, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** What each minute of a tick had, in its order, and Mosquitto behind each where it was asked for. */
export function minutes(samples: readonly PipelineSample[], beside: readonly Answered[]): string[] {
  const paced = samples.filter(({ scenario }) => scenario.paced);
  if (paced.length === 0) return [];
  const ms = (values: readonly number[]): string => values.map((value) => value.toFixed(1)).join(', ');
  const own = `p99 of the ${paced.length === 1 ? 'minute' : 'minutes, in their order'}: ${ms(paced.map(({ ackP99Ms }) => ackP99Ms))} ms`;
  if (beside.length === 0) return [`${own}.`];
  const mosquitto = `Mosquitto ${mosquittoVersion()}, which stores nothing and looks at nothing, in a minute behind each`;
  const [p50, p99] = [beside.map((answered) => answered.p50), beside.map((answered) => answered.p99)];
  return [`${own}; ${mosquitto}: ${ms(p99)} ms (p50 ${ms(p50)}).`];
}

function rowOf(samples: readonly PipelineSample[]): string[] {
  const [{ scenario, messages }] = samples;
  const of = (figure: (sample: PipelineSample) => number): number => median(samples.map(figure));
  const rate = (seconds: (sample: PipelineSample) => number): string =>
    scenario.paced ? '–' : perSecond(of((sample) => messages / seconds(sample)));
  return [
    scenario.title,
    scenario.aim,
    rate(({ processedSeconds }) => processedSeconds),
    rate(({ acknowledgedSeconds }) => acknowledgedSeconds),
    [of(({ ackP50Ms }) => ackP50Ms), of(({ ackP99Ms }) => ackP99Ms), of(({ ackMaxMs }) => ackMaxMs)]
      .map((ms) => ms.toFixed(1))
      .join(' / '),
    outcomesIn(samples),
    samples.map(({ stored }) => stored.toLocaleString('en-US')).join(' · '),
    of(({ cpuSeconds }) => cpuSeconds).toFixed(1),
    (Math.max(...samples.map(({ anonymousBytes }) => anonymousBytes)) / 2 ** 20).toFixed(0),
  ];
}

/** Of all runs together. */
function outcomesIn(samples: readonly PipelineSample[]): string {
  const total = new Map<string, number>();
  for (const { outcomes } of samples)
    for (const [outcome, count] of Object.entries(outcomes)) total.set(outcome, (total.get(outcome) ?? 0) + count);
  return [...total].map(([outcome, count]) => `${count.toLocaleString('en-US')} ${outcome}`).join(', ');
}

function perSecond(value: number): string {
  return `${Math.round(value).toLocaleString('en-US')}/s`;
}
