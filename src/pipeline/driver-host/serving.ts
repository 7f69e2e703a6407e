import semver from 'semver';
import type { DriverStage } from '../../devices/rollout.ts';
import type { Serving } from '../driver.ts';
import { boundariesOf, type Choice, choiceOf, lowestFirmware, type Rule, specificity } from './resolve.ts';

/**
 * What each driver for one device type decodes. Between the versions that the ranges name nothing changes, so one look at
 * each of them and one between any two says it of all firmware:
 *
 *   >=1 <3 and 2.0.0      …  1.0.0-0  …  2.0.0  …  3.0.0-0  …
 *                         a     b     b    c    b     d     d
 *
 * `own` are those for the type, `others` those for every type.
 */
export function servingsOf<R extends Rule>(
  own: readonly R[],
  others: readonly R[],
  stageOf: (rule: R) => DriverStage,
): ReadonlyMap<R, Serving> {
  const all = [...own, ...others];
  const looks = looksAt(boundariesOf(all.map(({ firmware }) => firmware))).map((look) => ({
    look,
    choice: choiceOf(own, others, look.at, stageOf),
  }));
  const unknown = choiceOf(own, others, undefined, stageOf);
  return new Map(all.map((rule) => [rule, servingOf(rule, stageOf(rule), looks, unknown)]));
}

/** One firmware version, which stands for all between two borders, or is one itself. Undefined: there is no border. */
interface Look {
  readonly at: semver.SemVer;
  readonly from: semver.SemVer | undefined;
  readonly to: semver.SemVer | undefined;
}

interface Looked<R extends Rule> {
  readonly look: Look;
  readonly choice: Choice<R>;
}

function looksAt(borders: readonly semver.SemVer[]): readonly Look[] {
  const looks: Look[] = [{ at: new semver.SemVer(lowestFirmware), from: undefined, to: borders.at(0) }];
  for (const [index, at] of borders.entries()) {
    looks.push({ at, from: at, to: at });
    const to = borders.at(index + 1);
    const next = above(at);
    if (to === undefined || next.compare(to) < 0) looks.push({ at: next, from: at, to });
  }
  return looks;
}

/** The version right behind this one. Not by way of its text, which may be too long with more behind it, or its numbers too large. */
function above({ version, prerelease }: semver.SemVer): semver.SemVer {
  const next = new semver.SemVer(version);
  if (prerelease.length === 0) next.patch++;
  next.prerelease = [...prerelease, 0];
  next.format();
  return next;
}

function servingOf<R extends Rule>(
  rule: R,
  stage: DriverStage,
  looks: readonly Looked<R>[],
  unknown: Choice<R>,
): Serving {
  const served = looks.filter(({ choice }) => hasPlace(rule, choice));
  const inRange = stage === 'off' ? [] : looks.filter(({ look }) => specificity(rule, look.at) > 0);
  const passed = inRange.filter((looked) => !served.includes(looked)).map(({ choice }) => choice.active);
  const beside = stage === 'active' ? [] : served.map(({ choice }) => choice.active);
  return {
    firmware: rangesOf(looks.map((looked) => (served.includes(looked) ? looked.look : undefined))),
    unknownFirmware: hasPlace(rule, unknown),
    givesWayTo: refsOf(passed),
    beside: refsOf(beside),
    isAlone: beside.includes(undefined),
  };
}

function hasPlace<R extends Rule>(rule: R, { active, canaries, shadows }: Choice<R>): boolean {
  return active === rule || canaries.includes(rule) || shadows.includes(rule);
}

function refsOf<R extends Rule>(rules: readonly (R | undefined)[]): Serving['beside'] {
  const unique = new Set(rules.filter((rule) => rule !== undefined));
  return [...unique].map(({ id, version, deviceType }) => ({ id, version, deviceType }));
}

/** Looks that follow each other are one range; an undefined one ends it. */
function rangesOf(looks: readonly (Look | undefined)[]): readonly string[] {
  const ranges: string[] = [];
  let first: Look | undefined;
  for (const [index, look] of looks.entries()) {
    first ??= look;
    if (look === undefined || first === undefined || looks.at(index + 1) !== undefined) continue;
    ranges.push(rangeOf(first, look));
    first = undefined;
  }
  return ranges;
}

function rangeOf(first: Look, last: Look): string {
  if (first === last && first.from === first.to && first.from !== undefined) return first.from.version;
  const ends = [
    first.from && (first.from === first.to ? `>=${short(first.from)}` : `>${first.from.version}`),
    last.to && (last.from === last.to ? `<=${last.to.version}` : `<${short(last.to)}`),
  ];
  return ends.filter((end) => end !== undefined).join(' ') || '*';
}

/** As ranges are written: `>=2` begins with the first candidate of 2.0.0, and `<2` ends before it. */
function short({ major, minor, patch, version, prerelease }: semver.SemVer): string {
  if (patch !== 0 || prerelease.length !== 1 || prerelease[0] !== 0) return version;
  return minor === 0 ? String(major) : `${major}.${minor}`;
}
