import type { ClaimBody } from '../../pipeline/provisioning/claims.ts';

/** Devices that register themselves. */
export interface ClaimDoor {
  /** The answer for the device. Rejects with what is wrong, or `rate_limited` where too many from there were wrong. */
  claim(body: ClaimBody, remoteAddress: string): Promise<object>;
}
