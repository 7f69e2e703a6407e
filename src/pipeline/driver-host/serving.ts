import semver from 'semver';
import type { DriverStage } from '../../devices/rollout.ts';
import type { Serving } from '../driver.ts';
import { boundariesOf, type Choice, choiceOf, chooserOf, lowestFirmware, type Rule, specificities } from './resolve.ts';

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
  const looks = looksAt(boundariesOf(all.map(({ firmware }) => firmware)));
  const versions = looks.map(({ at }) => at);
  const seen = new Map(
    all.map((rule) => [rule, { narrowness: specificities(rule, versions), has: new Set<number>() }]),
  );
  const choose = chooserOf(own, others, stageOf);
  const actives = looks.map((_, index) => {
    const { active, onTrial } = choose((rule) => seen.get(rule)?.narrowness[index] ?? 0);
    for (const rule of active === undefined ? onTrial : [active, ...onTrial]) seen.get(rule)?.has.add(index);
    return active;
  });
  const unknown = choiceOf(own, others, undefined, stageOf);
  return new Map(
    [...seen].map(([rule, found]) => {
      const told = servingOf(stageOf(rule), looks, actives, found);
      return [rule, { ...told, unknownFirmware: hasPlace(rule, unknown) }];
    }),
  );
}

/** One firmware version, which stands for all between two borders, or is one itself. Undefined: there is no border. */
interface Look {
  readonly at: semver.SemVer;
  readonly from: semver.SemVer | undefined;
  readonly to: semver.SemVer | undefined;
}

/** Of one rule, by look: how narrowly it names the version, and whether it has a place there. */
interface Seen {
  readonly narrowness: Uint8Array;
  readonly has: ReadonlySet<number>;
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
  stage: DriverStage,
  looks: readonly Look[],
  actives: readonly (R | undefined)[],
  { narrowness, has }: Seen,
): Omit<Serving, 'unknownFirmware'> {
  const passed = new Set<R | undefined>();
  const beside = new Set<R | undefined>();
  for (const [index, active] of actives.entries()) {
    // One that is off is beside what is in use in its place.
    if (has.has(index) ? stage !== 'active' : stage === 'off' && narrowness[index] > 0) beside.add(active);
    else if (!has.has(index) && narrowness[index] > 0) passed.add(active);
  }
  return {
    firmware: rangesOf(looks.map((look, index) => (has.has(index) ? look : undefined))),
    givesWayTo: refsOf(passed),
    beside: refsOf(beside),
    isAlone: beside.has(undefined),
  };
}

function hasPlace<R extends Rule>(rule: R, { active, canaries, shadows }: Choice<R>): boolean {
  return active === rule || canaries.includes(rule) || shadows.includes(rule);
}

function refsOf<R extends Rule>(rules: ReadonlySet<R | undefined>): Serving['beside'] {
  return [...rules]
    .filter((rule) => rule !== undefined)
    .map(({ id, version, deviceType }) => ({ id, version, deviceType }));
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
