import type { DeviceCredential } from '../devices/credentials.ts';

/** A credential as it is shown: not what it is checked by, but for what is public. */
export function shownCredential({ verifier, ...credential }: DeviceCredential): object {
  if (credential.kind === 'key') return { ...credential, publicKey: verifier };
  return credential.kind === 'certificate' ? { ...credential, fingerprint: verifier } : credential;
}
