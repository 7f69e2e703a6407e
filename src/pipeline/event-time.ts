/**
 * Epoch milliseconds from a number, its digits or an ISO 8601 text with its zone; undefined where it is none of them. The one
 * reading of a time, in a user property, in a payload and in what a driver answers: a text must not mean two instants.
 */
export function timeOf(value: unknown): number | undefined {
  const time = typeof value === 'string' ? timeOfText(value) : value;
  return typeof time === 'number' && Math.abs(time) <= timeMax ? Math.round(time) : undefined;
}

/** For messages about a time that was not understood. */
export const timeForm = 'epoch milliseconds or an ISO 8601 text with its zone';

/** The range of ECMAScript's Date, ± 100 million days. */
const timeMax = 8.64e15;

/** Without a zone it would mean the zone of this server, and `Date.parse` reads far more than ISO 8601. */
const isoForm = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})$/i;

function timeOfText(text: string): number {
  if (/^-?\d{1,16}$/.test(text)) return Number(text);
  return isoForm.test(text) ? Date.parse(text) : Number.NaN;
}
