import type { Sample } from './measure.ts';
import type { Measure } from './scenarios.ts';

const head = [
  ['scenario', 'Sluice', 'Mosquitto', 'ratio', 'lost / dup', 'p50 / p99 ms', 'broker CPU s', 'peak RSS MiB'],
  ['---', '--:', '--:', '--:', '--:', '--:', '--:', '--:'],
];

/** A Markdown table with a row for each step. Two figures with '·' between them are Sluice's and Mosquitto's. */
export function reportTable(samples: readonly Sample[]): string {
  const steps = [...new Set(samples.map((sample) => sample.step))];
  const rows = steps.map((step) => rowOf(samples.filter((sample) => sample.step === step)));
  return [...head, ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function rowOf(samples: readonly Sample[]): string[] {
  const { step, measure } = samples[0];
  const sides = [
    samples.filter(({ broker }) => broker === 'Sluice'),
    samples.filter(({ broker }) => broker === 'Mosquitto'),
  ];
  const both = (cell: (side: readonly Sample[]) => string): string =>
    sides.map((side) => (side.length === 0 ? '–' : cell(side))).join(' · ');
  const [sluice, mosquitto] = sides.map((side) => shownValue(measure, median(side.map(({ value }) => value))));
  return [
    step,
    sluice,
    mosquitto,
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

/** Median of the ratios of the runs that followed each other: how many times better Sluice was. */
function ratio(measure: Measure, sluice: readonly Sample[], mosquitto: readonly Sample[]): string {
  const lessIsBetter = measure === 'latency' || measure === 'idle-memory';
  const ratios = sluice.flatMap(({ run, value }) => {
    const peer = mosquitto.find((sample) => sample.run === run);
    if (peer === undefined) return [];
    return [lessIsBetter ? peer.value / value : value / peer.value];
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
