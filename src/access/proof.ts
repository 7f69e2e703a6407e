/** The ways to find out who a client is, in the order in which they are asked where `access.order` says nothing else. */
export const authenticatorNames = ['certificate', 'users', 'tokens', 'devices', 'jwt', 'http'] as const;
export type AuthenticatorName = (typeof authenticatorNames)[number];

/** What an identity was known by. */
export interface Proof {
  readonly by: AuthenticatorName | 'anonymous';
  /** The authenticator's own word for what it looked at: another word means that it has changed since. */
  readonly stamp: string;
  /** What it may do came with the login, and stands nowhere in the configuration. Absent: no. */
  readonly brought?: boolean;
}
