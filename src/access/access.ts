import type { ChildDevice } from '../message.ts';
import type { Proof } from './proof.ts';

interface Known {
  /** Epoch milliseconds; absent: it does not end by itself. */
  readonly expiresAt?: number;
  /** What it was known by, so that it can be looked at again. Absent: nothing stands at a second look. */
  readonly proof?: Proof;
}

/** Who someone is, once known. */
export type Identity = Known &
  (
    | { readonly kind: 'anonymous'; readonly name: string }
    | { readonly kind: 'user'; readonly name: string; readonly rules: readonly AccessRule[]; readonly admin: boolean }
    | {
        readonly kind: 'device';
        readonly name: string;
        readonly deviceType: string;
        /** For rules; absent: it has none. */
        readonly attributes?: Readonly<Record<string, string>>;
        /** Devices that it may act for as their gateway, with their types. */
        readonly gatewayOf?: ReadonlyMap<string, string>;
      }
  );

/** What one may, or may not, do with topics that a filter matches. Of an ordered list the first rule that matches decides. */
export interface AccessRule {
  /** Absent: allow. */
  readonly effect?: 'allow' | 'deny';
  readonly action: 'publish' | 'subscribe' | 'all';
  /** A topic filter; `${clientId}`, `${username}` and, for devices, `${deviceId}`, `${deviceType}` and `${attributes.…}` are filled in. */
  readonly filter: string;
}

/** A rule of the list for everybody. Where it names users, client ids or kinds, it is for those alone. */
export interface EverybodyRule extends AccessRule {
  readonly users?: readonly string[];
  readonly clientIds?: readonly string[];
  readonly kinds?: readonly Identity['kind'][];
}

/** What TLS proved about a client: it has the private key of this certificate. Names are those that a trusted authority signed. */
export interface ClientCertificate {
  readonly commonName: string | undefined;
  /** As `DNS:…`, `URI:…`, `email:…`, `IP Address:…`. */
  readonly subjectAltNames: readonly string[];
  /** SHA-256 of the certificate, lower-case hexadecimal. */
  readonly fingerprint: string;
  /** Epoch milliseconds; NaN where the certificate says none that can be read. */
  readonly validFrom: number;
  readonly validTo: number;
}

/** How the listener that a client came through lets clients in. */
export interface ListenerAccess {
  /** The listener's name. */
  readonly listener: string;
  /** Absent: as `access.anonymous` says. */
  readonly anonymous?: 'loopback' | 'never' | 'always';
  /** What of a client certificate names the client; absent: the certificate alone lets nobody in. */
  readonly certificateIdentity?: CertificateIdentity;
}

/** Where a device has not this very certificate: a name on it, or nothing (`fingerprint`), which lets nobody else in. */
export type CertificateIdentity = (typeof certificateIdentities)[number];
export const certificateIdentities = ['commonName', 'subjectAltName', 'fingerprint'] as const;

export interface Credentials extends Arrival {
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: Buffer | undefined;
}

/** A connection, and what TLS proved about who made it. */
export interface Arrival extends Origin {
  readonly certificate: ClientCertificate | undefined;
}

/** Where a client comes from. */
export interface Origin {
  readonly remoteAddress: string;
  readonly through: ListenerAccess;
}

/** What changed about who may come in and do what: the configuration, or one device. */
export type AccessChange = { readonly kind: 'configuration' } | { readonly kind: 'device'; readonly id: string };

export interface ExchangeStep {
  /** For the client. */
  readonly data: Buffer | undefined;
  /** Present in the last step: the client has proved who it is. */
  readonly identity?: Identity;
}

/** A login in several steps. */
export interface AuthenticationExchange {
  /** Takes what the client sent. Rejects as `authenticate` does; then it is over. */
  step(data: Buffer | undefined): Promise<ExchangeStep>;
}

export interface Access {
  /** Rejects with `unauthenticated`, `device_retired`, `quota_exceeded` or `unavailable`. */
  authenticate(credentials: Credentials): Promise<Identity>;
  /** By bearer token or client certificate, for HTTP. Rejects as `authenticate` does. */
  authenticateToken(token: string | undefined, arrival: Arrival): Promise<Identity>;
  /** By a method of enhanced authentication (MQTT 5, section 4.12); undefined where the method is not known. */
  beginExchange(method: string, credentials: Credentials): AuthenticationExchange | undefined;
  /** `child`: a device known to be behind the identity, which need not know of it yet. */
  mayPublish(identity: Identity, clientId: string, topic: string, child?: ChildDevice): boolean;
  /** Whether everything that the filter can match may be read. */
  maySubscribe(identity: Identity, clientId: string, filter: string): boolean;
  /** The HTTP API beyond a device's own ingest. */
  mayAdminister(identity: Identity): boolean;
  /** Who the client is after a change, or still the same; undefined where what it came in with lets nobody in any more. */
  reexamine(identity: Identity, origin: Origin, change: AccessChange): Promise<Identity | undefined>;
  /**
   * What is kept beside a message that the identity has retained under the topic, so that its right can be asked for later;
   * undefined where nothing is to be asked.
   */
  sourceOf(identity: Identity, clientId: string, topic: string): string | undefined;
  /** Who the source is by what holds now; undefined where it is nobody any more. Throws, or rejects, where that cannot be told. */
  ofSource(source: string): Promise<Identity | undefined> | Identity | undefined;
  /** The id of the device that a source is, whether or not it is there: only changes of it, or of the configuration, concern the source. */
  deviceOfSource(source: string): string | undefined;
  /** Registers the one listener that is told of changes. Decisions asked for afterwards are made by what holds then. */
  onChanged(listener: (change: AccessChange) => void): void;
}

/** What `access/` needs to know of devices; the platform connects it to the registry. */
export interface DeviceAccounts {
  device(id: string): Promise<DeviceAccount | undefined>;
  /** By the SHA-256 of a token, in hexadecimal. */
  byToken(digest: string): Promise<DeviceAccount | undefined>;
  /** By the SHA-256 of a certificate, in hexadecimal. */
  byCertificate(fingerprint: string): Promise<DeviceAccount | undefined>;
}

export interface DeviceAccount {
  readonly id: string;
  readonly deviceType: string;
  readonly retired: boolean;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly ChildDevice[];
  readonly credentials: readonly AccountCredential[];
}

export interface AccountCredential {
  readonly id: string;
  readonly kind: 'password' | 'token' | 'key' | 'certificate';
  /** A slow hash; the SHA-256 of a token; a public key in PEM; the SHA-256 of a certificate. */
  readonly verifier: string;
  /** Epoch milliseconds. */
  readonly expiresAt: number | undefined;
}
