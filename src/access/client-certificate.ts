import type { TLSSocket } from 'node:tls';
import type { ClientCertificate } from './access.ts';

/** Whose certificates a client may show: of an authority in `caFile`, or any, which counts where a device has that very one. */
export const clientTrusts = ['authority', 'pinned'] as const;

/** How the clients of a port are asked for certificates. */
export interface ClientCertificateOptions {
  /** PEM of the authorities that are trusted. */
  readonly caFile?: string;
  /** Whether clients are asked for one, and whether they must have one. Absent: `none`. */
  readonly clientCertificate?: 'none' | 'request' | 'require';
  /** Absent: `authority`. */
  readonly clientTrust?: (typeof clientTrusts)[number];
}

/** The same for Node, whose handshake refuses what no authority has signed, or nobody. */
export function handshakeOptions({ clientCertificate = 'none', clientTrust = 'authority' }: ClientCertificateOptions) {
  return {
    requestCert: clientCertificate !== 'none',
    rejectUnauthorized: clientCertificate === 'require' && clientTrust === 'authority',
  };
}

/** Whether the client had to show a certificate and did not: seen here where Node's handshake lets everybody through. */
export function lacksCertificate(socket: TLSSocket, { clientCertificate }: ClientCertificateOptions): boolean {
  return clientCertificate === 'require' && socket.getPeerX509Certificate() === undefined;
}

/**
 * What the client's certificate says; undefined where it gave none, or one that does not count. TLS proved in every case that
 * the client has its private key; what stands on one that no trusted authority has signed is nobody's word, and is left out.
 */
export function clientCertificateOf(
  socket: TLSSocket,
  { caFile, clientTrust }: ClientCertificateOptions,
): ClientCertificate | undefined {
  // Without authorities of its own Node takes those of the web.
  const isSigned = socket.authorized && caFile !== undefined;
  if (!isSigned && clientTrust !== 'pinned') return undefined;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  return {
    commonName: isSigned ? commonNameOf(certificate.subject) : undefined,
    subjectAltNames: isSigned ? alternativeNames(certificate.subjectAltName) : [],
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    validFrom: certificate.validFromDate.getTime(),
    validTo: certificate.validToDate.getTime(),
  };
}

/** Of a subject with one attribute a line. Two common names are none: which of them is meant nobody can say. */
export function commonNameOf(subject: string): string | undefined {
  const names = subject.split('\n').filter((line) => line.startsWith('CN='));
  return names.length === 1 ? names[0].slice(3) : undefined;
}

/**
 * `DNS:a, URI:b` taken apart. Node quotes, as JSON, a name that holds what would look like another one. Text that does not
 * read to its end names nobody.
 */
export function alternativeNames(text: string | undefined): string[] {
  if (text === undefined) return [];
  const names: string[] = [];
  const entry = /([A-Za-z0-9 ]+):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/y;
  while (entry.lastIndex < text.length) {
    const found = entry.exec(text);
    if (found === null) return [];
    const [, kind, value] = found;
    names.push(`${kind}:${value.startsWith('"') ? JSON.parse(value) : value}`);
  }
  return names;
}
