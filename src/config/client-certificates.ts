import type { CertificateIdentity } from '../access/access.ts';
import type { ClientCertificateOptions } from '../access/client-certificate.ts';
import type { Report } from './schema.ts';

interface Port {
  readonly tls?: ClientCertificateOptions;
  readonly certificateIdentity?: CertificateIdentity;
}

/** What a port says of client certificates fits together: nothing is asked for in vain, and nothing counts that nobody vouches for. */
export function checkClientCertificates({ tls, certificateIdentity }: Port, path: string, report: Report): void {
  const asks = tls !== undefined && tls.clientCertificate !== 'none';
  const isPinned = tls?.clientTrust === 'pinned';
  const hasAuthority = tls?.caFile !== undefined;
  const given: Readonly<Record<string, boolean>> = {
    'tls.caFile': hasAuthority,
    'tls.clientTrust': isPinned,
    certificateIdentity: certificateIdentity !== undefined,
  };
  for (const [field, isGiven] of Object.entries(given)) {
    if (isGiven && !asks) {
      report(`Cannot use ${path}.${field}: it needs tls.clientCertificate "request" or "require"`);
    }
  }
  if (!asks) return;
  if (!isPinned && !hasAuthority) {
    report(
      `Cannot leave out ${path}.tls.caFile: client certificates need the authorities that are trusted, or tls.clientTrust "pinned"`,
    );
  }
  const counts = certificateIdentity === 'fingerprint' || (hasAuthority && certificateIdentity !== undefined);
  if (isPinned && !counts) {
    report(
      `Cannot use ${path}.tls.clientTrust "pinned": it needs certificateIdentity "fingerprint", or caFile where names are to count too`,
    );
  }
}
