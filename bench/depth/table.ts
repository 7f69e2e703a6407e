import type { DepthFigures } from './depth-run.ts';

/** What the table holds the figures against. */
const anonymousBytesMax = 400e6;
const rateShareMin = 0.6;
const readyMillisecondsMax = 2_000;
const refillGrowthMax = 0.1;

export function isWhole({ lost, duplicates }: DepthFigures): boolean {
  return lost === 0 && duplicates === 0;
}

/** A Markdown table; `met` is `–` where there is nothing to meet. */
export function depthTable(figures: DepthFigures): string {
  const rows = [
    ['what', 'figure', 'to be met', 'met'],
    ['---', '--:', '---', '---'],
    ...memoryRows(figures),
    ...rateRows(figures),
    ...startRows(figures),
    ...fileRows(figures),
    ['lost, twice', `${figures.lost}, ${figures.duplicates}`, 'none', met(isWhole(figures))],
  ];
  return rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function memoryRows({ anonymousBytes: bytes, size }: DepthFigures): string[][] {
  const bound = `at most ${megabytes(anonymousBytesMax)}`;
  const row = (what: string, value: number): string[] => [
    `anonymous memory, ${what}`,
    megabytes(value),
    bound,
    met(value <= anonymousBytesMax),
  ];
  return [
    row('queue empty', bytes.empty),
    row('highest while it fills', bytes.filling),
    row(`${count(size.messages)} waiting`, bytes.waiting),
    row('after SIGKILL and start', bytes.restarted),
    row('highest while it drains', bytes.draining),
  ];
}

function rateRows(figures: DepthFigures): string[][] {
  const row = (what: string, deep: number, empty: number): string[] => [
    `${what} at depth`,
    `${perSecond(deep)} = ${(deep / empty).toFixed(2)} × ${perSecond(empty)} of the empty queue`,
    `at least ${rateShareMin} ×`,
    met(deep >= rateShareMin * empty),
  ];
  return [
    row('enqueue', figures.enqueueDeep, figures.enqueueEmpty),
    row('drain', figures.drainDeep, figures.drainEmpty),
    ['drain of the rest', perSecond(figures.drainRest), '–', '–'],
  ];
}

function startRows({ millisecondsToReady, millisecondsToFirst }: DepthFigures): string[][] {
  return [
    [
      'ready after SIGKILL',
      seconds(millisecondsToReady),
      `at most ${seconds(readyMillisecondsMax)}`,
      met(millisecondsToReady <= readyMillisecondsMax),
    ],
    ['first message at a consumer', seconds(millisecondsToFirst), '–', '–'],
  ];
}

function fileRows({ fileBytes: { filled, drained, refilled } }: DepthFigures): string[][] {
  return [
    ['file, filled', megabytes(filled), '–', '–'],
    ['file, drained', megabytes(drained), '–', '–'],
    [
      'file, filled again',
      `${megabytes(refilled)} = ${(refilled / drained).toFixed(2)} × the drained one`,
      `grows by at most ${refillGrowthMax * 100} %`,
      met(refilled <= drained * (1 + refillGrowthMax)),
    ],
  ];
}

function met(isMet: boolean): string {
  return isMet ? 'yes' : '**no**';
}

function count(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function perSecond(rate: number): string {
  return `${count(rate)}/s`;
}

function megabytes(bytes: number): string {
  return `${count(bytes / 1e6)} MB`;
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(2)} s`;
}
