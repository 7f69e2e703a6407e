import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Rule, rangeProblem, readFirmware, ruleFor, specificity } from './resolve.ts';

test('firmware versions are read in the forms that devices report', () => {
  const forms: [string | undefined, string | undefined][] = [
    ['1.13.0', '1.13.0'],
    ['v2.1', '2.1.0'],
    ['2', '2.0.0'],
    [' V3.4.5 ', '3.4.5'],
    ['01.02.03', '1.2.3'],
    ['1.2.3.4', '1.2.3'],
    ['2.0.0-rc1', '2.0.0-rc1'],
    ['1.4+build7', '1.4.0'],
    ['LHT65 v1.8', undefined],
    ['build-20240101', undefined],
    ['', undefined],
    ['99999999999999999999', undefined],
    [undefined, undefined],
  ];
  for (const [text, expected] of forms) assert.equal(readFirmware(text)?.version, expected, `firmware "${text}"`);
});

test('a pinned version goes before a range, two ends before one, one before none', () => {
  assert.ok(specificityOf('1.2.3', '1.2.3') > specificityOf('>=1 <2', '1.2.3'));
  assert.ok(specificityOf('>=1 <2', '1.2.3') > specificityOf('>=1', '1.2.3'));
  assert.equal(specificityOf('1.x', '1.2.3'), specificityOf('>=1.0.0 <2.0.0', '1.2.3'));
  assert.equal(specificityOf('<2', '1.2.3'), specificityOf('>=1', '1.2.3'));
  assert.ok(specificityOf('<2', '1.2.3') > specificityOf('*', '1.2.3'));
  assert.equal(specificityOf('>=0.0.0', '1.2.3'), specificityOf('*', '1.2.3'));
  assert.equal(specificityOf('>=2', '1.2.3'), 0);
});

test('of alternatives only the one that includes the firmware counts', () => {
  assert.equal(specificityOf('1.2.3 || >=2', '2.5.0'), specificityOf('>=2', '2.5.0'));
});

test('a release candidate is inside the range of its major version', () => {
  assert.ok(specificityOf('2.x', '2.1.0-rc1') > 0);
  assert.equal(specificityOf('>=2 <3', '3.0.0-rc1'), 0);
});

test('the most specific rule wins whatever its driver version, and the highest version among equals', () => {
  const rules = [
    rule('a', '9.0.0', '*'),
    rule('b', '1.0.0', '>=1 <2'),
    rule('c', '1.1.0', '1.x'),
    rule('d', '5.0.0', '>=1'),
  ];
  for (const order of permutations(rules)) {
    assert.equal(ruleFor(order, readFirmware('1.5.0'))?.id, 'c');
    assert.equal(ruleFor(order, readFirmware('2.0.0'))?.id, 'd');
    assert.equal(ruleFor(order, readFirmware('0.9.0'))?.id, 'a');
  }
});

test('two drivers of one version for the same range: the one that came later wins', () => {
  assert.equal(ruleFor([rule('a', '1.0.0', '*'), rule('b', '1.0.0', '*')], readFirmware('1.0.0'))?.id, 'b');
});

test('a device without known firmware gets the rule for every firmware', () => {
  assert.equal(ruleFor([rule('a', '1.0.0', '*'), rule('b', '2.0.0', '>=2')], undefined)?.id, 'a');
});

test('a device without known firmware gets the newest driver where all are for one range', () => {
  assert.equal(ruleFor([rule('a', '1.0.0', '>=1 <2'), rule('b', '1.2.0', '1.x')], undefined)?.id, 'b');
});

test('a device without known firmware gets no driver where the layouts differ by firmware', () => {
  assert.equal(ruleFor([rule('a', '1.0.0', '>=1 <2'), rule('b', '2.0.0', '>=2 <3')], undefined), undefined);
});

test('a range that cannot be read or matches nothing is refused with what was met', () => {
  assert.equal(rangeProblem('>=1 <2'), undefined);
  assert.equal(rangeProblem('*'), undefined);
  assert.match(rangeProblem('newest') ?? '', /Cannot read firmware range "newest"/);
  assert.match(rangeProblem('>2 <1') ?? '', /no version can match/);
});

function specificityOf(range: string, firmware: string): number {
  const version = readFirmware(firmware);
  assert.ok(version !== undefined);
  return specificity({ firmware: range }, version);
}

function rule(id: string, version: string, firmware: string): Rule {
  return { id, version, deviceType: 'x', firmware };
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, index) =>
    permutations(items.filter((_, other) => other !== index)).map((rest) => [item, ...rest]),
  );
}
