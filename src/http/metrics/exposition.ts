import type { Sample } from '../../queues/queue-numbers.ts';
import { type HistogramReading, histogramBounds } from '../../std/histogram.ts';
import type { MetricRow } from './metric-row.ts';
import type { Snapshot } from './snapshot.ts';

type Labels = Readonly<Record<string, string>>;

/** A metric in the text format of Prometheus, version 0.0.4; nothing where it has no samples. */
export function expose(row: MetricRow, snapshot: Snapshot): string {
  const lines: string[] = [`# HELP ${row.name} ${escapeHelp(row.help)}`, `# TYPE ${row.name} ${row.type}`];
  if (row.type === 'histogram') {
    for (const sample of row.read(snapshot)) exposeHistogram(lines, row.name, sample, row.perSecond);
  } else {
    for (const { labels, value } of row.read(snapshot)) lines.push(`${row.name}${braced(labels)} ${value}`);
  }
  return `${lines.join('\n')}\n`;
}

/** What was never recorded has no lines: a thousand queues that nobody uses would have most of the page. */
function exposeHistogram(
  lines: string[],
  name: string,
  { labels, value }: Sample<HistogramReading>,
  perSecond: number,
): void {
  if (value.count === 0) return;
  const open = Object.keys(labels).length === 0 ? '{' : `${braced(labels).slice(0, -1)},`;
  for (const [i, bound] of histogramBounds.entries()) {
    lines.push(`${name}_bucket${open}le="${bound / perSecond}"} ${value.upTo[i]}`);
  }
  lines.push(`${name}_bucket${open}le="+Inf"} ${value.count}`);
  lines.push(`${name}_sum${braced(labels)} ${value.sum / perSecond}`, `${name}_count${braced(labels)} ${value.count}`);
}

function braced(labels: Labels): string {
  let text = '';
  for (const name in labels) text += `${text === '' ? '{' : ','}${name}="${escapeLabel(labels[name])}"`;
  return text === '' ? '' : `${text}}`;
}

function escapeLabel(value: string): string {
  if (!/["\\\n]/.test(value)) return value;
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

function escapeHelp(help: string): string {
  return help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
