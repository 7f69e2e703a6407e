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

/** What TLS proved about a client: its certificate was signed by an authority that the listener trusts. */
export interface ClientCertificate {
  readonly commonName: string | undefined;
  /** As `DNS:…`, `URI:…`, `email:…`, `IP Address:…`. */
  readonly subjectAltNames: readonly string[];
  /** SHA-256 of the certificate, lower-case hexadecimal. */
  readonly fingerprint: string;
}

/** How the listener that a client came through lets clients in. */
export interface ListenerAccess {
  /** The listener's name. */
  readonly listener: string;
  /** Absent: as `access.anonymous` says. */
  readonly anonymous?: 'loopback' | 'never' | 'always';
  /** What of a client certificate names the client; absent: the certificate alone lets nobody in. */
  readonly certificateIdentity?: 'commonName' | 'subjectAltName';
}

export interface Credentials {
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: Buffer | undefined;
  readonly remoteAddress: string;
  readonly certificate: ClientCertificate | undefined;
  readonly through: ListenerAccess;
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
