import type { AccountCredential, ClientCertificate, DeviceAccount, DeviceAccounts } from '../access.ts';

/** An account of which a test names only what it is about. */
export function testAccount(about: Partial<DeviceAccount> & { id: string }): DeviceAccount {
  return { deviceType: 'meter', retired: false, attributes: {}, children: [], credentials: [], ...about };
}

export function testCredential(
  kind: AccountCredential['kind'],
  verifier: string,
  about: Partial<AccountCredential> = {},
): AccountCredential {
  return { id: `${kind} ${verifier}`, kind, verifier, expiresAt: undefined, ...about };
}

/** A certificate that does not expire while a test runs. */
export function testCertificate(commonName: string, about: Partial<ClientCertificate> = {}): ClientCertificate {
  const validTo = Date.UTC(2100, 0);
  return { commonName, subjectAltNames: [], fingerprint: 'ab'.repeat(32), validFrom: 0, validTo, ...about };
}

/** Accounts in memory. */
export class TestAccounts implements DeviceAccounts {
  readonly known = new Map<string, DeviceAccount>();
  /** Ids that were asked for. */
  readonly asked: string[] = [];

  constructor(...accounts: readonly DeviceAccount[]) {
    for (const account of accounts) this.put(account);
  }

  put(account: DeviceAccount): void {
    this.known.set(account.id, account);
  }

  async device(id: string): Promise<DeviceAccount | undefined> {
    this.asked.push(id);
    return this.known.get(id);
  }

  async byToken(digest: string): Promise<DeviceAccount | undefined> {
    return this.#owner('token', digest);
  }

  async byCertificate(fingerprint: string): Promise<DeviceAccount | undefined> {
    return this.#owner('certificate', fingerprint);
  }

  #owner(kind: AccountCredential['kind'], verifier: string): DeviceAccount | undefined {
    const has = ({ credentials }: DeviceAccount): boolean =>
      credentials.some((credential) => credential.kind === kind && credential.verifier === verifier);
    return [...this.known.values()].find(has);
  }
}
