/** `fetch failed` says nothing; its cause does. */
export function reasonOf(problem: Error): string {
  return (problem.cause as Error | undefined)?.message || problem.message;
}

/** Why `fetch` could not reach the server at `base`, as the end of a sentence, and what helps where that follows from it. */
export function unreachableReason(base: string, problem: Error): string {
  const { code = '' } = (problem.cause ?? {}) as { code?: string };
  return `${reasonOf(problem)}${remedy(base.startsWith('https:'), code)}`;
}

function remedy(isTls: boolean, code: string): string {
  if (isTls) return remediesOfTls[code] ?? '';
  return cutOff.has(code) ? '; where it has TLS (`http.tls`), write https: in place of http:' : '';
}

const otherAuthority = '; name the authority of its certificate: NODE_EXTRA_CA_CERTS=ca.pem';
const remediesOfTls: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: otherAuthority,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: otherAuthority,
  SELF_SIGNED_CERT_IN_CHAIN: otherAuthority,
  DEPTH_ZERO_SELF_SIGNED_CERT: otherAuthority,
  ERR_SSL_WRONG_VERSION_NUMBER: '; where it has no TLS, write http: in place of https:',
  ERR_SSL_PACKET_LENGTH_TOO_LONG: '; where it has no TLS, write http: in place of https:',
};

/** What a server says to HTTP where it awaits a handshake of TLS, and may say for other reasons. */
const cutOff = new Set(['UND_ERR_SOCKET', 'ECONNRESET']);
