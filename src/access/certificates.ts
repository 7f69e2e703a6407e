import { SluiceError } from '../errors.ts';
import type { AccessChange, ClientCertificate, DeviceCredentials, Identity, ListenerAccess } from './access.ts';
import type { Authenticator, Login } from './authenticator.ts';
import { isDeviceId } from './device-topics.ts';
import { deviceRetired } from './devices.ts';
import type { Users } from './users.ts';

/**
 * Client certificates, on listeners that say what of them names the client: it is the registered device of that id, or the
 * configured user of that name, without a password. Any other certificate is refused there, whatever else the client shows.
 */
export class Certificates implements Authenticator {
  readonly name = 'certificate';
  readonly #devices: DeviceCredentials;
  readonly #users: Users;

  constructor(devices: DeviceCredentials, users: Users) {
    this.#devices = devices;
    this.#users = users;
  }

  async authenticate({ certificate, through }: Login): Promise<Identity | undefined> {
    if (certificate === undefined || through.certificateIdentity === undefined) return undefined;
    const names = namesOf(certificate, through.certificateIdentity);
    for (const name of names) {
      const identity = await this.#identity(name, certificate.fingerprint);
      if (identity !== undefined) return identity;
    }
    throw new SluiceError(
      'unauthenticated',
      `Register the device of the client certificate, or configure its user: ${names.length === 0 ? 'it names nobody' : `${JSON.stringify(names[0])} is neither`}`,
    );
  }

  async reexamine(identity: Identity, change: AccessChange): Promise<Identity | undefined> {
    if (identity.kind === 'device' && change.kind === 'configuration') return identity;
    try {
      return await this.#identity(identity.name, identity.proof?.stamp ?? '');
    } catch (problem) {
      if (problem instanceof SluiceError && problem.code === 'device_retired') return undefined;
      throw problem;
    }
  }

  async #identity(name: string, fingerprint: string): Promise<Identity | undefined> {
    const proof = { by: this.name, stamp: fingerprint } as const;
    const device = isDeviceId(name) ? await this.#devices.lookup(name) : undefined;
    if (device?.retired) throw deviceRetired(name);
    if (device !== undefined) return { kind: 'device', name, deviceType: device.deviceType, proof };
    const user = this.#users.get(name);
    return user && { kind: 'user', name, rules: user.rules, admin: user.admin, proof };
  }
}

const namingKinds = /^(?:DNS|URI|email):(.+)$/;

function namesOf(certificate: ClientCertificate, by: NonNullable<ListenerAccess['certificateIdentity']>): string[] {
  if (by === 'commonName') return certificate.commonName ? [certificate.commonName] : [];
  return certificate.subjectAltNames.flatMap((name) => namingKinds.exec(name)?.[1] ?? []);
}
