import { SluiceError } from '../errors.ts';
import type { AccessChange, DeviceCredentials, Identity } from './access.ts';
import { type Authenticator, type Login, wrongCredentials } from './authenticator.ts';
import { isDeviceId } from './device-topics.ts';
import type { Verifier } from './verifier.ts';

/** Registered devices, by their id and their own password. */
export class Devices implements Authenticator {
  readonly name = 'devices';
  readonly #credentials: DeviceCredentials;
  readonly #verifier: Verifier;

  constructor(credentials: DeviceCredentials, verifier: Verifier) {
    this.#credentials = credentials;
    this.#verifier = verifier;
  }

  async authenticate({ username: id, password, remoteAddress }: Login): Promise<Identity | undefined> {
    if (id === undefined || !isDeviceId(id)) return undefined;
    const device = await this.#credentials.lookup(id);
    if (device?.hash === undefined) return undefined;
    if (password === undefined) throw wrongCredentials();
    if (!(await this.#verifier.check(`device ${id}`, password, device.hash, remoteAddress))) throw wrongCredentials();
    // Said only to who knows the password.
    if (device.retired) throw deviceRetired(id);
    return { kind: 'device', name: id, deviceType: device.deviceType, proof: { by: this.name, stamp: device.hash } };
  }

  async reexamine(identity: Identity, change: AccessChange): Promise<Identity | undefined> {
    // The configuration says nothing about devices.
    if (change.kind === 'configuration') return identity;
    const device = await this.#credentials.lookup(identity.name);
    if (device === undefined || device.retired || device.hash !== identity.proof?.stamp) return undefined;
    return { kind: 'device', name: identity.name, deviceType: device.deviceType, proof: identity.proof };
  }
}

export function deviceRetired(id: string): SluiceError {
  return new SluiceError('device_retired', `Cannot serve device ${JSON.stringify(id)}: it is retired`);
}
