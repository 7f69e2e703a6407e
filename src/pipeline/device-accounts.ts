import type { DeviceAccount, DeviceAccounts } from '../access/access.ts';
import type { CredentialStore, DeviceAccount as StoredAccount } from '../devices/credentials.ts';

/** What the store knows of devices, in the words of access. */
export function deviceAccounts(credentials: CredentialStore): DeviceAccounts {
  return {
    device: async (id) => accountOf(await credentials.account(id)),
    byToken: async (digest) => accountOf(await credentials.accountOf('token', digest)),
    byCertificate: async (fingerprint) => accountOf(await credentials.accountOf('certificate', fingerprint)),
  };
}

function accountOf(stored: StoredAccount | undefined): DeviceAccount | undefined {
  if (stored === undefined) return undefined;
  const { device, credentials, children } = stored;
  const { id, type: deviceType, retired, attributes } = device;
  return { id, deviceType, retired, attributes, children, credentials };
}
