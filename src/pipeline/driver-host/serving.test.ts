import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import semver from 'semver';
import type { DriverStage } from '../../devices/rollout.ts';
import { forSeeds } from '../../std/testing/seed.ts';
import { choiceOf, type Rule, readFirmware } from './resolve.ts';
import { servingsOf } from './serving.ts';

interface Staged extends Rule {
  readonly stage: DriverStage;
}

test('the newest of two versions for one range has all of it, and the other nothing', () => {
  const [old, current] = serve([driver('1.0.0', '*'), driver('1.1.0', '*')]);
  assert.deepEqual([old.firmware, old.unknownFirmware, old.givesWayTo], [[], false, [ref('1.1.0')]]);
  assert.deepEqual([current.firmware, current.unknownFirmware, current.givesWayTo], [['*'], true, []]);
});

test('what narrower ranges take is missing of the wider one, and firmware that is not known is its', () => {
  const serving = serve([
    driver('1.0.0', '*'),
    driver('2.0.0', '>=2 <3'),
    driver('2.1.0', '2.1.0'),
    driver('3.0.0', '3.4.1'),
  ]);
  assert.deepEqual(
    serving.map(({ firmware }) => firmware),
    [['<2', '>=3 <3.4.1', '>3.4.1'], ['>=2 <2.1.0', '>2.1.0 <3'], ['2.1.0'], ['3.4.1']],
  );
  assert.deepEqual(
    serving.map(({ unknownFirmware }) => unknownFirmware),
    [true, false, false, false],
  );
  assert.deepEqual(serving[1].givesWayTo, [ref('2.1.0')]);
});

test('a range at the end of what semver can say is told as any', () => {
  const most = Number.MAX_SAFE_INTEGER;
  const long = `1.2.3-${'a'.repeat(249)}`;
  for (const range of [`1.2.${most}`, `${most}.${most}.${most}`, long, `>${long}`])
    assert.deepEqual(serve([driver('1.0.0', range)])[0].firmware, [range]);
});

test('a version that is off has nothing', () => {
  const [old, current] = serve([driver('1.0.0', '*'), driver('1.1.0', '*', 'off')]);
  assert.deepEqual([old.firmware, current.firmware, current.givesWayTo], [['*'], [], []]);
});

test('a version that is off says what is in use in its place, and that nothing is', () => {
  const [, covered] = serve([driver('1.0.0', '*'), driver('1.1.0', '>=1 <3', 'off')]);
  assert.deepEqual([covered.beside, covered.isAlone], [[ref('1.0.0')], false]);
  const [, partly] = serve([driver('1.0.0', '<2'), driver('1.1.0', '>=1 <3', 'off')]);
  assert.deepEqual([partly.beside, partly.isAlone], [[ref('1.0.0')], true]);
  const [alone] = serve([driver('1.0.0', '*', 'off')], [{ ...driver('9.0.0', '*'), deviceType: '*' }]);
  assert.deepEqual([alone.beside, alone.isAlone], [[{ ...ref('9.0.0'), deviceType: '*' }], false]);
});

test('ranges of many alternatives cost each a search, and not a look at every version that any of them names', () => {
  const alternatives = (first: number) => Array.from({ length: 43 }, (_, at) => `${first}.${at}.1`).join('||');
  const drivers = Array.from({ length: 20 }, (_, at) => driver(`1.0.${at}`, alternatives(at)));
  const compare = mock.method(semver.SemVer.prototype, 'compare');
  const servings = serve(drivers);
  const asked = compare.mock.callCount();
  compare.mock.restore();
  assert.equal(servings[7].firmware.length, 43);
  // 860 alternatives: sorting and finding them takes a few dozen comparisons each; all with all would be more than a million.
  assert.ok(asked < 100_000, `${asked} comparisons`);
});

test('a canary or shadow says what is in use beside it, and that nothing is', () => {
  for (const stage of ['canary', 'shadow'] as const) {
    const [, beside] = serve([driver('1.0.0', '<2'), driver('1.1.0', '>=1 <3', stage)]);
    assert.deepEqual([beside.firmware, beside.beside, beside.isAlone], [['>=1 <3'], [ref('1.0.0')], true]);
    const any = { ...driver('9.0.0', '*'), deviceType: '*' };
    const [alone, foreign] = serve([driver('1.0.0', '*', stage)], [any]);
    assert.deepEqual(
      [alone.firmware, alone.beside, alone.isAlone],
      [['*'], [{ ...ref('9.0.0'), deviceType: '*' }], false],
    );
    assert.deepEqual(foreign.firmware, ['*']);
  }
});

test('a canary that is older than what is in use has no device, and says why', () => {
  const [, canary] = serve([driver('2.0.0', '*'), driver('1.0.0', '*', 'canary')]);
  assert.deepEqual([canary.firmware, canary.unknownFirmware, canary.givesWayTo], [[], false, [ref('2.0.0')]]);
});

test('each firmware has the driver that says so, and no other', () => {
  const stages = ['active', 'active', 'canary', 'shadow', 'off'] as const;
  forSeeds(300, (random) => {
    const version = (): string => [random.below(3), random.below(3), random.below(2)].join('.');
    const range = (): string =>
      random.pick([
        '*',
        version(),
        `>=${version()}`,
        `<${version()}`,
        `>=1 <${version()}`,
        '2.x',
        `${version()} || >=2.1`,
      ]);
    const own = Array.from({ length: 5 }, (_, at) => driver(`1.0.${at}`, range(), random.pick(stages)));
    const others = [{ ...driver('0.1.0', range()), deviceType: '*' }];
    const servings = servingsOf(own, others, ({ stage }) => stage);
    for (let look = 0; look < 40; look++) {
      const firmware = readFirmware(`${version()}${random.pick(['', '', '-rc1', '-0'])}`) as semver.SemVer;
      const { active, canaries, shadows } = choiceOf(own, others, firmware, ({ stage }) => stage);
      for (const [rule, { firmware: ranges }] of servings) {
        const has = rule === active || canaries.includes(rule) || shadows.includes(rule);
        const told = ranges.some((each) => new semver.Range(each, { includePrerelease: true }).test(firmware));
        assert.equal(told, has, `${rule.firmware} ${rule.stage} of ${firmware.version}: ${ranges.join(' || ')}`);
      }
    }
  });
});

function serve(own: readonly Staged[], others: readonly Staged[] = []) {
  return [...servingsOf(own, others, ({ stage }) => stage).values()];
}

function driver(version: string, firmware: string, stage: DriverStage = 'active'): Staged {
  return { id: 'own', version, deviceType: 'meter', firmware, stage };
}

function ref(version: string) {
  return { id: 'own', version, deviceType: 'meter' };
}
