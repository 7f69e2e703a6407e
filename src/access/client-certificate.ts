import type { TLSSocket } from 'node:tls';
import type { ClientCertificate } from './access.ts';

/** What the client's certificate says; undefined where it gave none, or one that no trusted authority has signed. */
export function clientCertificateOf(socket: TLSSocket): ClientCertificate | undefined {
  if (!socket.authorized) return undefined;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return undefined;
  return {
    commonName: commonNameOf(certificate.subject),
    subjectAltNames: alternativeNames(certificate.subjectAltName),
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
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
