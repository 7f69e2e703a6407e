import { SluiceError } from '../errors.ts';

/** What a `Prefer` header (RFC 7240) asks of an answer. What it asks beside this is not known, and need not be. */
export interface Preferences {
  /** An answer as soon as the message is safe. */
  readonly respondAsync: boolean;
  /** How long to wait for what becomes of it. */
  readonly waitSeconds: number | undefined;
}

/** Longest wait; a longer one is shortened to it. Below what proxies and connections let pass in silence. */
export const waitSecondsMax = 30;

const none: Preferences = { respondAsync: false, waitSeconds: undefined };

/** Throws `invalid_argument` where `wait` is no number of seconds. The first of a name counts. */
export function parsePrefer(header: string | undefined): Preferences {
  if (header === undefined) return none;
  const preferences = new Map<string, string>();
  for (const part of header.split(',')) {
    // Nothing in it can be read in two ways: a header of blanks would keep the server busy.
    const [, name, value = ''] =
      /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:[ \t]*=(.*))?$/.exec(part.split(';', 1)[0].trim()) ?? [];
    if (name !== undefined && !preferences.has(name.toLowerCase()))
      preferences.set(name.toLowerCase(), unquoted(value.trim()));
  }
  const wait = preferences.get('wait');
  return {
    respondAsync: preferences.has('respond-async'),
    waitSeconds: wait === undefined ? undefined : Math.min(secondsOf(wait), waitSecondsMax),
  };
}

/** The header that says which of them were followed. */
export function preferenceApplied({ respondAsync, waitSeconds }: Preferences): { 'preference-applied'?: string } {
  const applied = [
    ...(respondAsync ? ['respond-async'] : []),
    ...(waitSeconds === undefined ? [] : [`wait=${waitSeconds}`]),
  ];
  return applied.length === 0 ? {} : { 'preference-applied': applied.join(', ') };
}

function unquoted(value: string): string {
  return value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1).trim() : value;
}

function secondsOf(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new SluiceError(
    'invalid_argument',
    `Give wait in Prefer as a number of seconds: met ${JSON.stringify(text.slice(0, 60))}`,
  );
}
