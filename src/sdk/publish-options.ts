export interface PublishOptions {
  /** What orders, conflates or spreads it, in a queue that looks at the user property `sluice-key`. */
  readonly key?: string;
  /** 1 to 10; the highest goes first. */
  readonly priority?: number;
  /** Nobody gets it earlier. */
  readonly delayMs?: number;
  /** Under the same one a queue that looks at it takes a message once. */
  readonly dedupId?: string;
  /** After so long it is of no use any more. */
  readonly expirySeconds?: number;
  readonly contentType?: string;
  /** Kept for those who subscribe later. */
  readonly retain?: boolean;
  readonly userProperties?: readonly (readonly [name: string, value: string])[];
}

/** Throws a `TypeError` that names what is not as it should be, before anything is sent. */
export function checkPublishOptions(options: PublishOptions): void {
  for (const { name, min, max } of wholeNumbers) {
    const value = options[name];
    if (value === undefined || (Number.isInteger(value) && value >= min && value <= max)) continue;
    throw expected(name, `a whole number from ${min} to ${max.toLocaleString('en')}`, value);
  }
  for (const name of texts) {
    const value: unknown = options[name];
    if (value !== undefined && typeof value !== 'string') throw expected(name, 'text', value);
  }
  const pairs: unknown = options.userProperties;
  if (pairs !== undefined && !(Array.isArray(pairs) && pairs.every(isPair))) {
    throw expected('userProperties', "pairs of text, such as [['a', 'b']]", pairs);
  }
}

/** The server's own: it would refuse what is beyond, or could not be sent it. */
const wholeNumbers = [
  { name: 'priority', min: 1, max: 10 },
  { name: 'delayMs', min: 0, max: 365 * 86_400_000 },
  { name: 'expirySeconds', min: 0, max: 0xffff_ffff },
] as const;

const texts = ['key', 'dedupId', 'contentType'] as const;

function isPair(pair: unknown): boolean {
  return Array.isArray(pair) && pair.length === 2 && pair.every((part) => typeof part === 'string');
}

function expected(name: string, what: string, met: unknown): TypeError {
  return new TypeError(`Give ${name} as ${what}: met ${typeof met === 'number' ? met : JSON.stringify(met)}`);
}
