import type { IncomingHttpHeaders } from 'node:http';
import type { Access, Arrival, ClientCertificate, Identity, ListenerAccess, Origin } from '../access/access.ts';
import { isLoopbackAddress } from '../access/addresses.ts';
import { SluiceError } from '../errors.ts';
import { refuseForeignPage } from './browser-guard.ts';

/**
 * Who may call a route: `anyone` without credentials; `identified` who is known, the handler decides the rest; `device` the
 * device that the path names, or its gateway; `consumer` and `producer` who has the right to take from, or put into, the queue that the path
 * names; `admin` administrators, who may call every other one too.
 */
export type Who = 'anyone' | 'identified' | 'device' | QueueRight | 'admin';

/** What one may do with a queue. */
export type QueueRight = 'consumer' | 'producer';

/** Who sent a request. */
export interface Caller {
  readonly identity: Identity;
  /** What stands for the MQTT client id in access rules and as the publisher of messages. */
  readonly clientId: string;
  /** Name of the consumer that its leases belong to: as in MQTT, one connection is one consumer. */
  readonly consumerId: string;
  /** Where it comes from, as it was told to access. */
  readonly origin: Origin;
}

/** Who makes a group of a log by naming it: the next connection, or stream, is another consumer and nobody else. */
export function groupMakerOf({ clientId }: Caller): string {
  return `http:${clientId}`;
}

export interface CallerRequest {
  readonly headers: IncomingHttpHeaders;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly certificate: ClientCertificate | undefined;
  /** The listener of HTTP, in the words of access. */
  readonly through: ListenerAccess;
  /** The `id` in the path of a device's routes. */
  readonly deviceId: string | undefined;
}

/** Who nobody asked about: the caller of a route that is open to anyone. */
function unknownCaller(remoteAddress: string, through: ListenerAccess): Caller {
  const identity = { kind: 'anonymous', name: 'anonymous' } as const;
  return { identity, clientId: '', consumerId: '', origin: { remoteAddress, through } };
}

/**
 * Identifies the caller and refuses who may not call; rights to a queue are looked at by `requireQueueRight`. Rejects with `unauthenticated`, `not_authorized`, `device_retired` or `quota_exceeded`.
 */
export async function admitCaller(access: Access, who: Who, request: CallerRequest): Promise<Caller> {
  const remoteAddress = peerAddress(request);
  const { certificate, through } = request;
  if (who === 'anyone') return unknownCaller(remoteAddress, through);
  const credentials = parseAuthorization(request.headers.authorization, request.deviceId);
  const identity = await identify(access, credentials, { remoteAddress, certificate, through });
  // A page cannot make a browser send a bearer token that it does not know; everything else a browser adds by itself.
  if (credentials.scheme !== 'bearer' || identity.proof?.by === 'certificate') {
    refuseForeignPage(request.headers, identity.kind === 'anonymous' && isLoopbackAddress(remoteAddress));
  }
  const allowed =
    decidedLater.has(who) ||
    access.mayAdminister(identity) ||
    (who === 'device' && isNamed(identity, request.deviceId));
  if (allowed) {
    const consumerId = `http:${identity.name}@${request.remoteAddress}:${request.remotePort}`;
    return { identity, clientId: identity.name, consumerId, origin: { remoteAddress, through } };
  }
  throw new SluiceError(
    'not_authorized',
    `Use an administrator's credentials: ${identity.kind} ${JSON.stringify(identity.name)} may not do this`,
  );
}

/** What these may do depends on more than who they are. */
const decidedLater: ReadonlySet<Who> = new Set<Who>(['identified', 'consumer', 'producer']);

type Authorization =
  | { readonly scheme: 'none' }
  | { readonly scheme: 'bearer'; readonly token: string }
  | { readonly scheme: 'basic'; readonly username: string; readonly password: string };

function identify(access: Access, authorization: Authorization, arrival: Arrival): Promise<Identity> {
  if (authorization.scheme !== 'basic') {
    return access.authenticateToken(authorization.scheme === 'bearer' ? authorization.token : undefined, arrival);
  }
  const { username, password } = authorization;
  return access.authenticate({ ...arrival, clientId: username, username, password: Buffer.from(password) });
}

/**
 * Device ids may hold colons and user names of Basic authentication may not (RFC 7617, section 2): where the path names the
 * device, what stands in front of the password is known; elsewhere the first colon ends the name.
 */
function parseAuthorization(header: string | undefined, deviceId: string | undefined): Authorization {
  if (header === undefined) return { scheme: 'none' };
  const [, scheme, value] = /^([A-Za-z]+) +(\S+) *$/.exec(header) ?? [];
  if (scheme?.toLowerCase() === 'bearer') return { scheme: 'bearer', token: value };
  if (scheme?.toLowerCase() === 'basic') {
    const text = Buffer.from(value, 'base64').toString();
    const colon = deviceId !== undefined && text.startsWith(`${deviceId}:`) ? deviceId.length : text.indexOf(':');
    if (colon >= 0) return { scheme: 'basic', username: text.slice(0, colon), password: text.slice(colon + 1) };
  }
  throw new SluiceError(
    'unauthenticated',
    "Send 'Authorization: Bearer <token>' or 'Authorization: Basic <name:password in base64>'",
  );
}

/** A proxy on this machine speaks for others, so that its own address opens nothing. */
function peerAddress({ headers, remoteAddress }: CallerRequest): string {
  const forwarded = headers.forwarded !== undefined || headers['x-forwarded-for'] !== undefined;
  return forwarded && isLoopbackAddress(remoteAddress) ? 'forwarded' : remoteAddress;
}

function isNamed(identity: Identity, deviceId: string | undefined): boolean {
  if (identity.kind !== 'device' || deviceId === undefined) return false;
  return identity.name === deviceId || deviceId === 'me' || identity.gatewayOf?.has(deviceId) === true;
}
