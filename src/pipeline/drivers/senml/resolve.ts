import type { SenmlRecord } from './records.ts';

/** A record on its own: its name in full, its unit, and when it was measured. */
export interface ResolvedRecord {
  readonly baseName: string;
  /** What stands behind the base name; may be empty. */
  readonly ownName: string;
  readonly unit: string | undefined;
  /** Epoch milliseconds; undefined where nothing is said of it: now. */
  readonly time: number | undefined;
  readonly value: number | string | boolean | undefined;
  /** The value integrated over time, beside the value or instead of it. */
  readonly sum: number | undefined;
}

/** The version of RFC 8428. */
const versionMax = 10;
/** Seconds below this one are relative to now: RFC 8428, 4.5.3. */
const relativeSecondsMax = 2 ** 28;
const nameForm = /^[A-Za-z0-9][A-Za-z0-9\-:./_]*$/;
const knownLabels: ReadonlySet<string> = new Set([
  ...['bn', 'bt', 'bu', 'bv', 'bs', 'bver'],
  ...['n', 'u', 'v', 'vs', 'vb', 'vd', 's', 't', 'ut'],
]);

/** Resolves a pack as RFC 8428, 4.6 says. Throws an `Error` that names the record. `now` is in epoch milliseconds. */
export function resolve(records: readonly SenmlRecord[], now: number): readonly ResolvedRecord[] {
  const base: Base = { name: '', time: 0, unit: undefined, value: undefined, sum: undefined };
  const resolved: ResolvedRecord[] = [];
  for (const [index, record] of records.entries()) {
    try {
      takeBase(record, base);
      const own = resolveOne(record, base, now);
      if (own !== undefined) resolved.push(own);
    } catch (problem) {
      throw new Error(`[${index}]: ${(problem as Error).message}`, { cause: problem });
    }
  }
  return resolved;
}

/** What holds for a record and those behind it, until another one says so. */
interface Base {
  name: string;
  time: number;
  unit: string | undefined;
  value: number | undefined;
  sum: number | undefined;
}

function takeBase(record: SenmlRecord, base: Base): void {
  for (const label of record.keys()) {
    if (label.endsWith('_') && !knownLabels.has(label)) throw new Error(`"${label}" must be understood, and is not`);
  }
  const version = numberIn(record, 'bver');
  if (version !== undefined && !(version <= versionMax))
    throw new Error(`expected bver up to ${versionMax}, met ${version}`);
  base.name = textIn(record, 'bn') ?? base.name;
  base.time = numberIn(record, 'bt') ?? base.time;
  base.unit = textIn(record, 'bu') ?? base.unit;
  base.value = numberIn(record, 'bv') ?? base.value;
  base.sum = numberIn(record, 'bs') ?? base.sum;
}

/** Undefined for a record that sets bases and measures nothing. */
function resolveOne(record: SenmlRecord, base: Base, now: number): ResolvedRecord | undefined {
  const ownName = textIn(record, 'n') ?? '';
  const value = readValue(record, base);
  const ownSum = numberIn(record, 's');
  const sum = ownSum === undefined && base.sum === undefined ? undefined : (base.sum ?? 0) + (ownSum ?? 0);
  if (value === undefined && sum === undefined) {
    if (ownName === '') return undefined;
    throw new Error(`"${ownName}" has neither a value nor a sum`);
  }
  const name = base.name + ownName;
  if (!nameForm.test(name))
    throw new Error(`expected a name of letters, digits and "-:./_", met "${name.slice(0, 60)}"`);
  const unit = textIn(record, 'u') ?? base.unit;
  return { baseName: base.name, ownName, unit, time: timeOf(record, base, now), value, sum };
}

function readValue(record: SenmlRecord, base: Base): ResolvedRecord['value'] {
  const given = ['v', 'vs', 'vb', 'vd'].filter((label) => record.has(label));
  if (given.length > 1) throw new Error(`expected one value, met ${given.join(' and ')}`);
  switch (given[0]) {
    case 'vs':
      return textIn(record, 'vs');
    case 'vb':
      return booleanIn(record, 'vb');
    case 'vd':
      return dataIn(record, 'vd');
    case 'v':
      return (base.value ?? 0) + (numberIn(record, 'v') ?? 0);
    default:
      return base.value;
  }
}

function timeOf(record: SenmlRecord, base: Base, now: number): number | undefined {
  const seconds = base.time + (numberIn(record, 't') ?? 0);
  if (seconds === 0) return undefined;
  return Math.round((seconds < relativeSecondsMax ? now / 1000 + seconds : seconds) * 1000);
}

function numberIn(record: SenmlRecord, label: string): number | undefined {
  const value = record.get(label);
  if (value === undefined || (typeof value === 'number' && Number.isFinite(value))) return value;
  throw new Error(`expected a number in "${label}", met ${shown(value)}`);
}

function textIn(record: SenmlRecord, label: string): string | undefined {
  const value = record.get(label);
  if (value === undefined || typeof value === 'string') return value;
  throw new Error(`expected a text in "${label}", met ${shown(value)}`);
}

function booleanIn(record: SenmlRecord, label: string): boolean {
  const value = record.get(label);
  if (typeof value === 'boolean') return value;
  throw new Error(`expected true or false in "${label}", met ${shown(value)}`);
}

/** Bytes, as base64url in both forms. */
function dataIn(record: SenmlRecord, label: string): string {
  const value = record.get(label);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64url');
  if (typeof value === 'string' && /^[\w-]*$/.test(value)) return value;
  throw new Error(`expected bytes in "${label}", met ${shown(value)}`);
}

function shown(value: unknown): string {
  return value instanceof Uint8Array ? 'bytes' : String(JSON.stringify(value) ?? value).slice(0, 40);
}
