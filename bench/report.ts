import type { Sample } from './measure.ts';
import type { Measure } from './scenarios.ts';

const columns = ['ratio', 'lost / dup', 'p50 / p99 ms', 'broker CPU s', 'peak RSS MiB'];

/** A Markdown table with a row for each step. Two figures with '·' between them are Sluice's and the peer's. */
export function reportTable(samples: readonly Sample[], peer?: string): string {
  const steps = [...new Set(samples.map((sample) => sample.step))];
  const rows = steps.map((step) =>
    rowOf(
      samples.filter((sample) => sample.step === step),
      peer,
    ),
  );
  const head = ['scenario', 'Sluice', peer ?? '–', ...columns];
  const lines = ['---', ...head.slice(1).map(() => '--:')];
  return [head, lines, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** A sentence for each step of Sluice that is compared with another one: the median of the ratios of a run's two. */
export function comparisons(samples: readonly Sample[]): string[] {
  const sluice = samples.filter(({ broker }) => broker === 'Sluice');
  const compared = sluice.filter(({ comparedWith }) => comparedWith !== undefined);
  return [...new Set(compared.map(({ step }) => step))].map((step) => {
    const side = compared.filter((sample) => sample.step === step);
    const [{ measure, comparedWith = '' }] = side;
    const others = sluice.filter((sample) => sample.step === comparedWith);
    return `${step}: ${ratio(measure, side, others)} of ${comparedWith}.`;
  });
}

function rowOf(samples: readonly Sample[], peer: string | undefined): string[] {
  const { step, measure } = samples[0];
  const sides = [samples.filter(({ broker }) => broker === 'Sluice'), samples.filter(({ broker }) => broker === peer)];
  const both = (cell: (side: readonly Sample[]) => string): string =>
    sides.map((side) => (side.length === 0 ? '–' : cell(side))).join(' · ');
  const [ours, theirs] = sides.map((side) => shownValue(measure, median(side.map(({ value }) => value))));
  return [
    step,
    ours,
    theirs,
    ratio(measure, sides[0], sides[1]),
    measure === 'idle-memory' ? '–' : both((side) => `${sum(side, lostIn)} / ${sum(side, duplicatesIn)}`),
    measure === 'latency' ? both((side) => `${latency(side, 'p50')} / ${latency(side, 'p99')}`) : '–',
    both((side) => median(side.map(({ cpuSeconds }) => cpuSeconds)).toFixed(1)),
    both((side) => (Math.max(...side.map(({ peakBytes }) => peakBytes)) / 2 ** 20).toFixed(0)),
  ];
}

const units: Readonly<Record<Measure, (value: number) => string>> = {
  received: perSecond,
  acknowledged: perSecond,
  latency: (value) => `${value.toFixed(2)} ms`,
  'idle-memory': (value) => `${(value / 1024).toFixed(1)} KiB each`,
};

function perSecond(value: number): string {
  return `${Math.round(value).toLocaleString('en-US')}/s`;
}

function shownValue(measure: Measure, value: number): string {
  return Number.isNaN(value) ? '–' : units[measure](value);
}

/** Median of the ratios of the runs that followed each other: how many times better the first was. */
function ratio(measure: Measure, first: readonly Sample[], second: readonly Sample[]): string {
  const lessIsBetter = measure === 'latency' || measure === 'idle-memory';
  const ratios = first.flatMap(({ run, value }) => {
    const other = second.find((sample) => sample.run === run);
    if (other === undefined) return [];
    return [lessIsBetter ? other.value / value : value / other.value];
  });
  return ratios.length === 0 ? '–' : `${median(ratios).toFixed(2)} ×`;
}

function latency(side: readonly Sample[], percentile: 'p50' | 'p99'): string {
  return median(side.map(({ load }) => load?.[percentile] ?? Number.NaN)).toFixed(2);
}

function lostIn({ load }: Sample): number {
  return load?.lost ?? 0;
}

function duplicatesIn({ load }: Sample): number {
  return load?.duplicates ?? 0;
}

function sum(samples: readonly Sample[], figure: (sample: Sample) => number): number {
  return samples.reduce((total, sample) => total + figure(sample), 0);
}

/** NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
