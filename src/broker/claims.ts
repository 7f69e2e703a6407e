import type { ListenerAccess } from '../access/access.ts';
import { isDeviceId } from '../access/device-topics.ts';
import type { ConnectPacket } from '../mqtt/codec/packets.ts';
import type { Peer } from './transport.ts';

/** Registers devices by claim keys; the platform connects it to the pipeline. */
export interface ClaimDoor {
  /** Carries out the claim that the bytes are. The answer is for who sent it alone; rejects with what is wrong. */
  claimByText(request: Buffer, remoteAddress: string): Promise<object>;
}

/** The user name of a device that has no credentials yet; it gives no password. */
export const claimUserName = 'claim';

/** Bounds of a connection that claims. */
export const claimBounds = {
  /** From its CONNECT to its end, whatever it does. */
  connectionMsMax: 30_000,
  /** One packet: two keys in PEM fit. */
  packetBytesMax: 40 * 1024,
  /** Most that the answer takes; a client that takes less could not hear what it must. */
  answerBytesMax: 4 * 1024,
};

/** What stands in the place of a session on a connection that claims: it is nobody, and may do one thing. */
export class Claimant {
  readonly requestTopic: string;
  readonly responseTopic: string;
  isSubscribed = false;
  /** Whether its claim is being carried out: one at a time. */
  isBusy = false;

  constructor(clientId: string) {
    this.requestTopic = `$claims/${clientId}/request`;
    this.responseTopic = `$claims/${clientId}/response`;
  }
}

/** Whether who connects wants to claim. A certificate that names its client is looked at instead, where the listener does so. */
export function wantsToClaim(
  { username, password, properties }: ConnectPacket,
  { certificate, listener }: Peer,
): boolean {
  if (username !== claimUserName || (password?.length ?? 0) > 0) return false;
  return properties?.authenticationMethod === undefined && !isNamedByCertificate(certificate, listener.access);
}

/** Its id is a level of its topics. */
export function isClaimantId(clientId: string): boolean {
  return isDeviceId(clientId);
}

function isNamedByCertificate(certificate: Peer['certificate'], { certificateIdentity }: ListenerAccess): boolean {
  return certificate !== undefined && certificateIdentity !== undefined;
}
