import { SluiceError } from '../errors.ts';
import type { AccountCredential, DeviceAccount, DeviceAccounts, Identity } from './access.ts';
import type { AuthenticatorName, Proof } from './proof.ts';

/** The identity of a device that has proved who it is. Throws `device_retired`: said only to who has proved it. */
export function deviceIdentity(account: DeviceAccount, proof: Proof, expiresAt: number | undefined): Identity {
  const { id, deviceType, attributes, children } = account;
  if (account.retired) throw deviceRetired(id);
  return {
    kind: 'device',
    name: id,
    deviceType,
    proof,
    ...(Object.keys(attributes).length > 0 && { attributes }),
    ...(children.length > 0 && { gatewayOf: new Map(children.map((child) => [child.id, child.deviceType])) }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
}

/** A device by its id alone, whatever its credentials; undefined where it is not there, or retired. */
export async function registeredDevice(
  accounts: DeviceAccounts,
  id: string,
  by: AuthenticatorName,
): Promise<Identity | undefined> {
  const account = await accounts.device(id);
  return account === undefined || account.retired ? undefined : deviceIdentity(account, { by, stamp: '' }, undefined);
}

/** Whether it counts at that moment. */
export function isLive({ expiresAt }: AccountCredential, now: number): boolean {
  return expiresAt === undefined || expiresAt > now;
}

/** Of two ends, of which each may be none. */
export function sooner(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}

function deviceRetired(id: string): SluiceError {
  return new SluiceError('device_retired', `Cannot serve device ${JSON.stringify(id)}: it is retired`);
}
