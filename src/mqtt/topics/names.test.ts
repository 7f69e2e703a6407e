import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseShared, topicBytesMax, topicFilterProblem, topicLevelsMax, topicNameProblem } from './names.ts';

const good = undefined;

const names: readonly (readonly [topic: string, problem: RegExp | undefined])[] = [
  ['a', good],
  ['/', good],
  ['a//b', good],
  ['/a/', good],
  ['$SYS/uptime', good],
  ['Größe/温度/🌡', good],
  ['', /at least one character/],
  ['a/+/b', /no wildcards: "a\/\+\/b" contains '\+'/],
  ['a/b#', /contains '#'/],
  ['a\0b', /U\+0000/],
  ['a/\ud800/b', /half a surrogate pair/],
  ['x'.repeat(topicBytesMax), good],
  ['x'.repeat(topicBytesMax + 1), /at most 65535 bytes .* has 65536/],
  ['€'.repeat(21_845), good],
  ['€'.repeat(21_846), /has 65538/],
  [levels(topicLevelsMax), good],
  [levels(topicLevelsMax + 1), /at most 201 levels: .* has 202/],
];

const filters: readonly (readonly [filter: string, problem: RegExp | undefined])[] = [
  ['#', good],
  ['+', good],
  ['+/+/#', good],
  ['/#', good],
  ['/+', good],
  ['a/+/b', good],
  ['$SYS/#', good],
  ['', /at least one character/],
  ['a#', /'#' stands alone in the last level/],
  ['a/#/b', /'#' stands alone in the last level/],
  ['#/', /'#' stands alone in the last level/],
  ['##', /'#' stands alone/],
  ['a+', /'\+' stands alone in its level/],
  ['a/+b/c', /'\+' stands alone in its level/],
  ['+#', /'\+' stands alone/],
  ['a\0/#', /U\+0000/],
  [`${levels(topicLevelsMax - 1)}/#`, good],
  [`${levels(topicLevelsMax)}/#`, /at most 201 levels/],
  ['x'.repeat(topicBytesMax + 1), /at most 65535 bytes/],
  ['$share/g/a/#', good],
  ['$share/g//', good],
  ['$share', good],
  ['$share/', /\$share\/GROUP\/FILTER/],
  ['$share/g', /\$share\/GROUP\/FILTER/],
  ['$share/g/', /\$share\/GROUP\/FILTER/],
  ['$share//a', /\$share\/GROUP\/FILTER/],
  ['$share/+/a', /\$share\/GROUP\/FILTER/],
  ['$share/g#/a', /\$share\/GROUP\/FILTER/],
  ['$share/g/a#', /'#' stands alone/],
  [`$share/g/${'x'.repeat(topicBytesMax - 8)}`, /at most 65535 bytes/],
];

for (const [topic, problem] of names) {
  test(`the topic name ${shown(topic)} is ${problem === good ? 'valid' : 'refused'}`, () => {
    check(topicNameProblem(topic), problem);
  });
}

for (const [filter, problem] of filters) {
  test(`the topic filter ${shown(filter)} is ${problem === good ? 'valid' : 'refused'}`, () => {
    check(topicFilterProblem(filter), problem);
  });
}

test('a shared filter is parted into its group and the filter proper', () => {
  assert.deepEqual(parseShared('$share/workers/devices/+/up'), { group: 'workers', filter: 'devices/+/up' });
  assert.deepEqual(parseShared('$share/g//'), { group: 'g', filter: '/' });
  assert.equal(parseShared('$shared/g/a'), undefined);
  assert.equal(parseShared('a/$share/g/a'), undefined);
});

test('a problem quotes only the beginning of a long name', () => {
  const problem = topicNameProblem(`${'x'.repeat(5_000)}/+`);
  assert.ok(problem !== undefined && problem.length < 200, problem);
});

function check(problem: string | undefined, expected: RegExp | undefined): void {
  if (expected === undefined) assert.equal(problem, undefined);
  else assert.match(problem ?? '', expected);
}

function levels(count: number): string {
  return Array.from({ length: count }, () => 'x').join('/');
}

function shown(text: string): string {
  return text.length <= 30
    ? JSON.stringify(text)
    : `${JSON.stringify(text.slice(0, 10))}… of ${text.length} characters`;
}
