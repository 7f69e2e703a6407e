import { SluiceError } from '../errors.ts';

/** A time as a caller writes it, in epoch milliseconds. `field` is named in the error, `invalid_argument`. */
export function parseTime(text: string, field: string): number {
  const time = /^\d{1,15}$/.test(text) ? Number(text) : isoTime(text);
  if (Number.isFinite(time) && time >= 0) return time;
  throw new SluiceError(
    'invalid_argument',
    `Give ${field} as epoch milliseconds or in ISO 8601 with its zone: met ${JSON.stringify(text)}`,
  );
}

/** A date without a zone would mean the zone of the server, so it is not taken. */
function isoTime(text: string): number {
  const form = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}([.,]\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})$/i;
  return form.test(text) ? Date.parse(text) : Number.NaN;
}

const intervalUnits: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** A length of time as `30s`, `5m`, `1h` or `7d`, in milliseconds. `field` is named in the error, `invalid_argument`. */
export function parseInterval(text: string, field: string): number {
  const [, count, unit] = /^([1-9]\d{0,5})([smhd])$/.exec(text) ?? [];
  if (count !== undefined) return Number(count) * intervalUnits[unit];
  throw new SluiceError(
    'invalid_argument',
    `Give ${field} as a number of seconds, minutes, hours or days such as 30s, 5m, 1h or 7d: met ${JSON.stringify(text)}`,
  );
}
