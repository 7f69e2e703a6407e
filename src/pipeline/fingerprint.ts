import { createHash } from 'node:crypto';

/**
 * Groups failures that have one cause: the same code, stage and driver, and the same text once everything is taken out of it
 * that differs from message to message. 16 hexadecimal digits.
 */
export function fingerprint(code: string, stage: string, driver: string, reason: string): string {
  const text = [code, stage, driver, normalise(reason)].join('\n');
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

/** The text with quoted values, long runs of hexadecimal digits and numbers replaced by placeholders. */
export function normalise(reason: string): string {
  return reason
    .slice(0, reasonCharsMax)
    .replace(/"[^"]*"|'[^']*'|`[^`]*`/g, '"…"')
    .replace(/\b0x[0-9a-f]+\b|\b(?=[0-9a-f-]*\d)[0-9a-f][0-9a-f-]{7,}\b/gi, '#')
    .replace(/[-+]?\d+(\.\d+)?(e[-+]?\d+)?/gi, '#')
    .replace(/\s+/g, ' ')
    .trim();
}

/** What comes later in a text does not tell causes apart. */
const reasonCharsMax = 1000;
