import { SluiceError } from '../errors.ts';

/** Where a group of a log begins to read. */
export type GroupStart =
  | 'earliest'
  | 'latest'
  /** The first message from there on. */
  | { readonly sequence: number }
  /** The first message that came at that time or later, epoch milliseconds. */
  | { readonly timeMs: number };

/** What `parseGroupStart` reads, in words. */
export const groupStartForms = 'earliest, latest, a sequence in digits, or a time such as 2026-01-31T12:00:00Z';

const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/;

/** `earliest`, `latest`, a sequence in digits, or a time as ISO 8601 with its zone; undefined where the text is none of these. */
export function parseGroupStart(text: string): GroupStart | undefined {
  if (text === 'earliest' || text === 'latest') return text;
  if (/^\d{1,15}$/.test(text)) return { sequence: Number(text) };
  const timeMs = isoTime.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(timeMs) || timeMs < 0 ? undefined : { timeMs };
}

/** The same, where a text that is none of these is refused with `invalid_argument`. `act`: what cannot be done there. */
export function requireGroupStart(text: string, act: string): GroupStart {
  const start = parseGroupStart(text);
  if (start !== undefined) return start;
  throw new SluiceError('invalid_argument', `Cannot ${act} ${JSON.stringify(text)}: expected ${groupStartForms}`);
}
