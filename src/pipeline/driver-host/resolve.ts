import semver from 'semver';
import type { DriverStage } from '../../devices/rollout.ts';
import type { DriverMatch, DriverRef } from '../driver.ts';

/** A driver's claim: these devices with this firmware are mine. */
export interface Rule extends DriverRef, DriverMatch {
  /** What `firmware` says, read once; where absent it is read each time. */
  readonly range?: semver.Range | undefined;
}

/**
 * The rule that is meant for this firmware among the rules of one device type. The most specific range wins: a pinned
 * version before a range with two ends, before one with one end, before `*`; among equals the highest driver version.
 *
 * A device whose firmware is not known (yet) gets the newest rule for `*`. Without one it gets the newest driver of the
 * type only where all of them are for the same range, so that the firmware would make no difference: between different
 * layouts a guess would be a wrong reading.
 */
export function ruleFor<R extends Rule>(rules: readonly R[], firmware: semver.SemVer | undefined): R | undefined {
  if (firmware === undefined) return ruleForUnknown(rules);
  let best: R | undefined;
  let bestSpecificity = 0;
  for (const rule of rules) {
    const found = specificity(rule, firmware);
    if (found === 0 || found < bestSpecificity) continue;
    if (best !== undefined && found === bestSpecificity && !isNewer(rule, best)) continue;
    best = rule;
    bestSpecificity = found;
  }
  return best;
}

/** What there is for one device type and firmware. */
export interface Choice<R extends Rule> {
  readonly active: R | undefined;
  /** Those that would be the active one if they were no canaries, the newest first. */
  readonly canaries: readonly R[];
  readonly shadows: readonly R[];
}

/**
 * A device type that has active drivers of its own never falls back to one for `*`: its payloads are known, and not those.
 * A canary or a shadow alone changes nothing for the devices that it does not have.
 */
export function choiceOf<R extends Rule>(
  own: readonly R[],
  others: readonly R[],
  firmware: semver.SemVer | undefined,
  stageOf: (rule: R) => DriverStage,
): Choice<R> {
  const at = (rules: readonly R[], stage: DriverStage): readonly R[] => rules.filter((rule) => stageOf(rule) === stage);
  const ownActive = at(own, 'active');
  const isKnown = ownActive.length > 0;
  const wouldWin = (actives: readonly R[]): ((rule: R) => boolean) => {
    const best = firmware === undefined ? undefined : ruleFor(actives, firmware);
    const rivals = best === undefined ? actives : [best];
    return (rule) => ruleFor([...rivals, rule], firmware) === rule;
  };
  const canaries = at(own, 'canary').filter(wouldWin(ownActive));
  const foreign = isKnown ? [] : at(others, 'canary').filter(wouldWin(at(others, 'active')));
  return {
    active: ruleFor(isKnown ? ownActive : at(others, 'active'), firmware),
    canaries: [...newestFirst(canaries), ...newestFirst(foreign)],
    shadows: at([...own, ...others], 'shadow').filter(wouldWin([])),
  };
}

/** Whether a canary has this device: always the same answer for the same share, and still yes for a larger one. */
export function isInShare(deviceId: string, canary: string, share: number): boolean {
  return fraction(`${deviceId}\n${canary}`) < share;
}

const anyFirmware = 1;
const oneEnd = 2;
const twoEnds = 3;
const pinned = 4;

/** How narrowly the rule names this firmware; 0 where it does not include it. */
export function specificity(rule: Pick<Rule, 'firmware' | 'range'>, firmware: semver.SemVer): number {
  const parsed = rule.range ?? readRange(rule.firmware);
  if (parsed === undefined) return 0;
  let most = 0;
  for (const comparators of parsed.set) {
    if (comparators.every((comparator) => holds(comparator, firmware))) most = Math.max(most, width(comparators));
  }
  return most;
}

/**
 * A firmware version as semver: `1.13.0`, `v2.1`, `2`, `1.4.2-rc1`, `1.2.3.4` (the fourth part is dropped). Undefined where
 * it does not start with a number: digits somewhere in a name say nothing about the order of versions.
 */
export function readFirmware(text: string | undefined): semver.SemVer | undefined {
  const parts =
    text === undefined
      ? null
      : /^\s*v?(\d{1,15})(?:\.(\d{1,15}))?(?:\.(\d{1,15}))?(?:\.\d+)*(-[0-9A-Za-z.-]+)?(?:\+\S*)?\s*$/i.exec(text);
  if (parts === null) return undefined;
  const [, major, minor = '0', patch = '0', prerelease = ''] = parts;
  const numbers = [major, minor, patch].map(Number).join('.');
  return semver.parse(numbers + prerelease) ?? semver.parse(numbers) ?? undefined;
}

/** What is wrong with a range, for a driver that comes in; undefined where it can match something. */
export function rangeProblem(range: string): string | undefined {
  const parsed = readRange(range);
  if (parsed === undefined)
    return `Cannot read firmware range "${range}": expected a semver range such as ">=2.0.0 <3.0.0" or "*"`;
  return semver.minVersion(parsed) === null
    ? `Cannot use firmware range "${range}": no version can match it`
    : undefined;
}

/** There is none below. */
export const lowestFirmware = '0.0.0-0';

/** The versions at which one of the ranges begins or ends, but for the lowest, in order and each once. */
export function boundariesOf(ranges: readonly string[]): readonly semver.SemVer[] {
  const versions = ranges
    .flatMap((range) => readRange(range)?.set.flat() ?? [])
    .map((comparator) => comparator.semver)
    .filter((version) => version.major !== undefined && version.version !== lowestFirmware);
  return semver
    .sort(versions)
    .filter((version, index, sorted) => index === 0 || sorted[index - 1].compare(version) !== 0);
}

/** Undefined where it is none. Release candidates count: a device that runs `2.1.0-rc1` is not without a driver. */
export function readRange(range: string): semver.Range | undefined {
  try {
    return new semver.Range(range, { includePrerelease: true });
  } catch (problem) {
    if (problem instanceof TypeError) return undefined;
    throw problem;
  }
}

/** As `Comparator.test`, which reads both versions again. */
function holds({ operator, semver: version }: semver.Comparator, firmware: semver.SemVer): boolean {
  if (version.major === undefined) return true;
  const order = firmware.compare(version);
  if (operator === '>=') return order >= 0;
  if (operator === '<') return order < 0;
  if (operator === '>') return order > 0;
  return operator === '<=' ? order <= 0 : order === 0;
}

function width(comparators: readonly semver.Comparator[]): number {
  let ends = 0;
  for (const { operator, semver: version } of comparators) {
    // `*` has no version to compare with, or is written as "from the very first".
    if (version.major === undefined || (operator === '>=' && isFirst(version))) continue;
    if (operator === '' || operator === undefined) return pinned;
    ends |= operator.startsWith('>') ? 1 : 2;
  }
  return ends === 0 ? anyFirmware : ends === 3 ? twoEnds : oneEnd;
}

function isFirst(version: semver.SemVer): boolean {
  return version.major === 0 && version.minor === 0 && version.patch === 0;
}

function ruleForUnknown<R extends Rule>(rules: readonly R[]): R | undefined {
  const forAny = rules.filter(({ firmware }) => isAny(firmware));
  if (forAny.length > 0) return newest(forAny);
  const ranges = new Set(rules.map(({ firmware }) => readRange(firmware)?.range));
  return ranges.size === 1 ? newest(rules) : undefined;
}

function isAny(range: string): boolean {
  return readRange(range)?.set.some((comparators) => width(comparators) === anyFirmware) ?? false;
}

function newest<R extends Rule>(rules: readonly R[]): R | undefined {
  return rules.reduce<R | undefined>(
    (best, rule) => (best === undefined || isNewer(rule, best) ? rule : best),
    undefined,
  );
}

/** Later rules of the same version go first: what a user brought stands behind what is built in. */
function isNewer(rule: Rule, than: Rule): boolean {
  return semver.compare(rule.version, than.version) >= 0;
}

function newestFirst<R extends Rule>(rules: readonly R[]): readonly R[] {
  return rules.toSorted((a, b) => semver.rcompare(a.version, b.version));
}

/** From 0 to 1, exclusive. FNV-1a, and a last step that lets every bit of it depend on the whole text. */
function fraction(text: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  value = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d);
  return ((value ^ (value >>> 13)) >>> 0) / 2 ** 32;
}
