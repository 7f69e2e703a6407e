import type { DecodeResult } from '../../driver.ts';

/** A result without how long it took, which is another time with each run. */
export function untimed({ decodeUs: _, ...result }: DecodeResult): object {
  return result;
}
