import type { DecodeAgainSpec, DecodedAgain } from '../../pipeline/decode-again.ts';

/** Reads stored messages again with another driver. */
export interface DecodeAgainDoor {
  /** One slice of them. Rejects with `not_found` where there is no such device type or driver. */
  run(spec: DecodeAgainSpec): Promise<DecodedAgain>;
}
