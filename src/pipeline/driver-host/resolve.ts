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
  return narrowest(rules, (rule) => specificity(rule, firmware), isNewer);
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
  const staged = stagedOf(own, others, stageOf);
  // Where firmware is not known, whether one may decode depends on all that there are.
  const { active, canaries, shadows } = choose(
    staged,
    (rules) => ruleFor(rules, firmware),
    firmware === undefined ? (rivals) => rivals : undefined,
  );
  return { active, canaries: canaries.flatMap(newestFirst), shadows };
}

/**
 * As `choiceOf`, for one known firmware version after the other: it is told how narrowly each rule names the one that is
 * meant, and answers those that have a place, the active one first.
 */
export function chooserOf<R extends Rule>(
  own: readonly R[],
  others: readonly R[],
  stageOf: (rule: R) => DriverStage,
): (narrowness: (rule: R) => number) => { readonly active: R | undefined; readonly onTrial: readonly R[] } {
  const staged = stagedOf(own, others, stageOf);
  const ranks = ranksOf([...own, ...others]);
  const isNewerByRank = (rule: R, than: R): boolean => (ranks.get(rule) ?? 0) >= (ranks.get(than) ?? 0);
  return (narrowness) => {
    const { active, canaries, shadows } = choose(staged, (rules) => narrowest(rules, narrowness, isNewerByRank));
    return { active, onTrial: [...canaries.flat(), ...shadows] };
  };
}

/** The rules that count, by how far they are rolled out. */
interface Staged<R> {
  readonly actives: readonly R[];
  /** Canaries, and the active ones that each of them has to go before. */
  readonly trials: readonly { readonly canaries: readonly R[]; readonly rivals: readonly R[] }[];
  readonly shadows: readonly R[];
}

function stagedOf<R>(own: readonly R[], others: readonly R[], stageOf: (rule: R) => DriverStage): Staged<R> {
  const at = (rules: readonly R[], stage: DriverStage): readonly R[] => rules.filter((rule) => stageOf(rule) === stage);
  const ownActives = at(own, 'active');
  const trials = [{ canaries: at(own, 'canary'), rivals: ownActives }];
  const shadows = at([...own, ...others], 'shadow');
  if (ownActives.length > 0) return { actives: ownActives, trials, shadows };
  const actives = at(others, 'active');
  return { actives, trials: [...trials, { canaries: at(others, 'canary'), rivals: actives }], shadows };
}

function choose<R extends Rule>(
  { actives, trials, shadows }: Staged<R>,
  winner: (rules: readonly R[]) => R | undefined,
  toBeat: (rivals: readonly R[]) => readonly R[] = (rivals) => [winner(rivals)].filter((best) => best !== undefined),
): Pick<Choice<R>, 'active' | 'shadows'> & { readonly canaries: readonly (readonly R[])[] } {
  const winners = (rules: readonly R[], rivals: readonly R[]): readonly R[] =>
    rules.filter((rule) => winner([...rivals, rule]) === rule);
  return {
    active: winner(actives),
    canaries: trials.map(({ canaries, rivals }) => (canaries.length === 0 ? [] : winners(canaries, toBeat(rivals)))),
    shadows: winners(shadows, []),
  };
}

function narrowest<R>(
  rules: readonly R[],
  narrowness: (rule: R) => number,
  isNewer: (rule: R, than: R) => boolean,
): R | undefined {
  let best: R | undefined;
  let bestNarrowness = 0;
  for (const rule of rules) {
    const found = narrowness(rule);
    if (found === 0 || found < bestNarrowness) continue;
    if (best !== undefined && found === bestNarrowness && !isNewer(rule, best)) continue;
    best = rule;
    bestNarrowness = found;
  }
  return best;
}

/** By version, the oldest first; equal versions have equal ranks. */
function ranksOf<R extends Rule>(rules: readonly R[]): ReadonlyMap<R, number> {
  const ranks = new Map<R, number>();
  let before: R | undefined;
  for (const rule of rules.toSorted((a, b) => semver.compare(a.version, b.version))) {
    const isSame = before !== undefined && semver.compare(before.version, rule.version) === 0;
    ranks.set(rule, isSame ? (ranks.get(before as R) ?? 0) : ranks.size);
    before = rule;
  }
  return ranks;
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

/** The specificity of a rule for each of these versions, which are in order: an alternative of its range has those from one place to another. */
export function specificities(
  { firmware, range }: Pick<Rule, 'firmware' | 'range'>,
  versions: readonly semver.SemVer[],
) {
  const found = new Uint8Array(versions.length);
  const alternatives = (range ?? readRange(firmware))?.set ?? [];
  // The widest first: a narrower one lies on top.
  for (const comparators of alternatives.toSorted((a, b) => width(a) - width(b))) {
    const spans = comparators.map((comparator) => spanOf(comparator, versions));
    const from = Math.max(0, ...spans.map((span) => span.from));
    const to = Math.min(versions.length, ...spans.map((span) => span.to));
    if (from < to) found.fill(width(comparators), from, to);
  }
  return found;
}

/** From where to where, exclusive, a comparator holds. */
function spanOf({ operator, semver: version }: semver.Comparator, versions: readonly semver.SemVer[]) {
  if (version.major === undefined) return { from: 0, to: versions.length };
  const at = placeOf(version, versions);
  const behind = at < versions.length && versions[at].compare(version) === 0 ? at + 1 : at;
  if (operator === '>=') return { from: at, to: versions.length };
  if (operator === '<') return { from: 0, to: at };
  if (operator === '>') return { from: behind, to: versions.length };
  return operator === '<=' ? { from: 0, to: behind } : { from: at, to: behind };
}

/** Of the first version that is not below this one. */
function placeOf(version: semver.SemVer, versions: readonly semver.SemVer[]): number {
  let low = 0;
  let high = versions.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (versions[middle].compare(version) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
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
