/** Who someone is, once known. */
export type Identity =
  | { readonly kind: 'anonymous'; readonly name: string }
  | { readonly kind: 'user'; readonly name: string; readonly rules: readonly AccessRule[]; readonly admin: boolean }
  | { readonly kind: 'device'; readonly name: string; readonly deviceType: string };

/** What one may do with topics that a filter matches. */
export interface AccessRule {
  readonly action: 'publish' | 'subscribe' | 'all';
  /** A topic filter; `${clientId}`, `${username}` and, for devices, `${deviceId}` and `${deviceType}` are filled in. */
  readonly filter: string;
}

export interface Credentials {
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: Buffer | undefined;
  readonly remoteAddress: string;
}

export interface Access {
  /** Rejects with `unauthenticated`, `device_retired` or `quota_exceeded`. */
  authenticate(credentials: Credentials): Promise<Identity>;
  /** By bearer token, for HTTP. Rejects with `unauthenticated`. */
  authenticateToken(token: string | undefined, remoteAddress: string): Promise<Identity>;
  mayPublish(identity: Identity, clientId: string, topic: string): boolean;
  /** Whether everything that the filter can match may be read. */
  maySubscribe(identity: Identity, clientId: string, filter: string): boolean;
  /** The HTTP API beyond a device's own ingest. */
  mayAdminister(identity: Identity): boolean;
}

/** What `access/` needs to know of devices; the platform connects it to the registry. */
export interface DeviceCredentials {
  lookup(deviceId: string): Promise<{ hash: string | undefined; deviceType: string; retired: boolean } | undefined>;
}
