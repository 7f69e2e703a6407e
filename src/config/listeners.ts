import { certificateIdentities } from '../access/access.ts';
import { clientTrusts } from '../access/client-certificate.ts';
import { packetBytesMin, wholePacketBytesMax } from '../broker/limits.ts';
import { checkClientCertificates } from './client-certificates.ts';
import { network } from './entries.ts';
import {
  choice,
  integer,
  list,
  object,
  optional,
  type Report,
  record,
  type Schema,
  text,
  toggle,
  type ValueOf,
  withDefault,
} from './schema.ts';

const file = text({ expected: 'the path of a file' });

export const listenerTls = object({
  certFile: file,
  keyFile: file,
  caFile: optional(file),
  clientCertificate: withDefault(choice('none', 'request', 'require'), 'none'),
  clientTrust: withDefault(choice(...clientTrusts), 'authority'),
  minVersion: withDefault(choice('TLSv1.2', 'TLSv1.3'), 'TLSv1.2'),
});

export const listenerRedirect = object({
  serverReference: text({ expected: 'a Server Reference, such as "broker.example:1883"' }),
  permanent: withDefault(toggle(), false),
});

export const listenerEntry = object({
  type: choice('tcp', 'tls', 'ws', 'wss'),
  host: optional(text({ expected: 'a host name or an IP address' })),
  port: integer(0, 65_535),
  path: optional(text({ pattern: /^\/[\x21-\x7e]*$/, expected: 'a path such as "/mqtt"' })),
  origins: optional(
    list(
      text({ pattern: /^(\*|https?:\/\/[^/?#@\s]+)$/, expected: 'an origin such as "https://app.example", or "*"' }),
    ),
  ),
  tls: optional(listenerTls),
  certificateIdentity: optional(choice(...certificateIdentities)),
  anonymous: optional(choice('loopback', 'never', 'always')),
  proxyProtocol: withDefault(choice('off', 'required'), 'off'),
  proxyTrusted: optional(list(network)),
  connectionsMax: optional(integer(1, 1_000_000)),
  acceptRateMax: optional(integer(1, 1_000_000)),
  packetBytesMax: optional(integer(packetBytesMin, wholePacketBytesMax)),
  handshakeTimeoutMs: withDefault(integer(100, 600_000), 10_000),
  redirect: optional(listenerRedirect),
});

export type ListenerEntry = ValueOf<typeof listenerEntry>;

const byName = record(/^[A-Za-z0-9._-]{1,64}$/, "letters, digits, '.', '_' and '-', at most 64", listenerEntry);

/** Listeners by name, each of one piece: what belongs to TLS, WebSocket or PROXY stands only where that is spoken. */
export const listenerEntries: Schema<Readonly<Record<string, ListenerEntry>>> = {
  ...byName,
  check(value, path, report) {
    let isFine = true;
    const entries = byName.check(value, path, (problem) => {
      isFine = false;
      report(problem);
    });
    if (isFine) for (const [name, entry] of Object.entries(entries ?? {})) checkWhole(entry, `${path}.${name}`, report);
    return entries;
  },
};

export function listenersWithPaths(
  entries: Readonly<Record<string, ListenerEntry>>,
  resolve: (path: string) => string,
): Readonly<Record<string, ListenerEntry>> {
  return Object.fromEntries(Object.entries(entries).map(([name, entry]) => [name, withPaths(entry, resolve)]));
}

function withPaths(entry: ListenerEntry, resolve: (path: string) => string): ListenerEntry {
  if (!entry?.tls) return entry;
  const { certFile, keyFile, caFile } = entry.tls;
  const files = { certFile, keyFile, caFile };
  const resolved = Object.entries(files).map(([key, path]) => [key, path && resolve(path)]);
  return { ...entry, tls: { ...entry.tls, ...Object.fromEntries(resolved) } };
}

function checkWhole(entry: ListenerEntry, path: string, report: Report): void {
  const { type, tls, proxyProtocol } = entry;
  const isSecure = type === 'tls' || type === 'wss';
  const isWebSocket = type === 'ws' || type === 'wss';
  if (isSecure && tls === undefined)
    report(`Cannot leave out ${path}.tls: type "${type}" needs its certFile and keyFile`);
  const misplaced: readonly (readonly [keyof ListenerEntry, boolean, string])[] = [
    ['tls', isSecure, 'type "tls" or "wss"'],
    ['path', isWebSocket, 'type "ws" or "wss"'],
    ['origins', isWebSocket, 'type "ws" or "wss"'],
    ['proxyTrusted', proxyProtocol === 'required', 'proxyProtocol "required"'],
  ];
  for (const [field, isPlaced, needed] of misplaced) {
    if (entry[field] !== undefined && !isPlaced) report(`Cannot use ${path}.${field}: it needs ${needed}`);
  }
  checkClientCertificates(entry, path, report);
}
