import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { FilterIndex } from '../src/mqtt/topics/filter-index.ts';

// Memory and time of a million filters in the matching index, by their shape: node bench/filter-index.ts

const filters = 1_000_000;
const matches = 500_000;

const device = (n: number): string => `dev-${n.toString(36).padStart(8, '0')}`;
const uuid = (n: number): string => `3f2504e0-4f89-11d3-9a0c-${n.toString(16).padStart(12, '0')}`;

const shapes: readonly (readonly [filter: (n: number) => string, topic: (n: number) => string])[] = [
  [(n) => `devices/${device(n)}/commands`, (n) => `devices/${device(n)}/commands`],
  [(n) => `devices/${device(n)}/#`, (n) => `devices/${device(n)}/events/door`],
  [(n) => `devices/${device(n)}/+/set`, (n) => `devices/${device(n)}/lamp/set`],
  [(n) => `devices/${uuid(n)}/+/set`, (n) => `devices/${uuid(n)}/lamp/set`],
  [(n) => `devices/${device(n >> 1)}/${n & 1 ? 'a' : 'b'}/+`, (n) => `devices/${device(n >> 1)}/a/x`],
  [(n) => `+/${device(n)}/state`, (n) => `site/${device(n)}/state`],
];

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

process.stdout.write('| filter | bytes each | add µs | match µs |\n| --- | --: | --: | --: |\n');
for (const [filter, topic] of shapes) process.stdout.write(measure(filter, topic));

function measure(filter: (n: number) => string, topic: (n: number) => string): string {
  const values = Array.from({ length: filters }, (_, n) => ({ n }));
  // The names are made beforehand and at random places, so that neither making nor caching them is measured.
  const topics = Array.from({ length: matches }, (_, n) => topic((n * 7_919) % filters));
  const index = new FilterIndex<object>();
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const addMs = elapsed(() => {
    for (let n = 0; n < filters; n++) index.add(filter(n), values[n]);
  });
  collectGarbage();
  const bytes = (process.memoryUsage().heapUsed - before) / filters;
  const into: object[] = [];
  let found = 0;
  const matchMs = elapsed(() => {
    for (const name of topics) {
      into.length = 0;
      index.match(name, into);
      found += into.length;
    }
  });
  if (index.size !== filters || found < matches / 2)
    throw new Error(`Expected matches of ${filter(0)}: found ${found}`);
  const cells = [bytes.toFixed(0), ((addMs * 1000) / filters).toFixed(2), ((matchMs * 1000) / matches).toFixed(2)];
  return `| ${filter(1)} | ${cells.join(' | ')} |\n`;
}

function elapsed(run: () => void): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}
