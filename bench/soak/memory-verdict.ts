import type { MemoryKind, MemoryWatch, Trend } from './memory.ts';

/**
 * MiB a minute that memory may grow by behind the warm-up: 175 bytes for each of the 12,000 connections of a minute, or 58 for each
 * of the 36,000 messages of the steady publishers. Anything that is kept of one of them is more.
 */
const slopeMax = 2;
/** Standard errors by which a slope must be above that to count. Else it may be the chance of when the collector ran: a longer run tells. */
const errorsMin = 2;

interface Row {
  readonly kind: MemoryKind;
  readonly name: string;
  /** Why it is only shown. */
  readonly shownFor?: string;
}

const rows: readonly Row[] = [
  { kind: 'heap', name: 'objects of JavaScript' },
  { kind: 'external', name: 'buffers' },
  { kind: 'malloc', name: 'heaps of the C library, with the buffers' },
  { kind: 'v8', name: "V8's heaps", shownFor: 'young pages are written to one by one' },
  { kind: 'v8Mapped', name: "V8's heaps, with pages not written to yet" },
  { kind: 'other', name: 'stacks and the rest' },
  { kind: 'anonymous', name: 'anonymous: all of these', shownFor: 'as above' },
  { kind: 'claimed', name: 'anonymous, with pages not written to yet' },
  { kind: 'database', name: 'pages of the database', shownFor: "the system's to take back" },
  { kind: 'resident', name: 'resident', shownFor: 'as above' },
];

const grows = '**grows**';

function verdictOn({ slope, error }: Trend): string {
  if (slope <= slopeMax) return 'flat';
  return slope - errorsMin * error > slopeMax ? grows : 'no more than chance: run it longer';
}

/** A table of what grows, in Markdown, and whether everything that counts is flat. */
export function memoryVerdict(memory: MemoryWatch): { readonly lines: readonly string[]; readonly isFlat: boolean } {
  let isFlat = true;
  const cells = rows.map(({ kind, name, shownFor }) => {
    const trend = memory.trend(kind);
    const { mean, slope, error } = trend;
    const verdict = shownFor === undefined ? verdictOn(trend) : `not judged: ${shownFor}`;
    if (verdict === grows) isFlat = false;
    return [name, mean.toFixed(1), `${slope.toFixed(2)} ± ${error.toFixed(2)}`, verdict];
  });
  const lines = [
    '| memory of the server, the least of each minute behind the first third | mean, MiB | slope, MiB a minute | verdict |',
    '| --- | --: | --: | --- |',
    ...cells.map((row) => `| ${row.join(' | ')} |`),
  ];
  return { lines, isFlat };
}
