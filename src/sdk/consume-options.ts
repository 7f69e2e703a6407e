import type { ConsumeOptions } from './client.ts';

/** Throws a `TypeError` that names what is out of its range, before anything is lent. */
export function checkConsumeOptions(options: ConsumeOptions): void {
  for (const { name, min, max, isWhole } of ranges) {
    const value = options[name];
    if (value === undefined || (value >= min && value <= max && (!isWhole || Number.isInteger(value)))) continue;
    const kind = isWhole ? 'a whole number' : 'a number';
    throw new TypeError(`Give ${name} as ${kind} from ${min} to ${max.toLocaleString('en')}: met ${value}`);
  }
}

/** The server's own: it would refuse what is beyond, once for each request. */
const ranges = [
  { name: 'concurrency', min: 1, max: 256, isWhole: true },
  { name: 'leaseSeconds', min: 1, max: 43_200, isWhole: true },
  { name: 'pollSeconds', min: 0, max: 20, isWhole: false },
] as const;
