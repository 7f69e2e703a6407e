import type { Config } from '../config.ts';
import type { HttpOptions } from '../http/http-parts.ts';

/** The HTTP API as the configuration has it. */
export function httpOptions({ host, http }: Config): HttpOptions {
  const { port, bodyBytesMax, bodiesBytesMax, tls, certificateIdentity } = http;
  const { certFile, keyFile, caFile, clientCertificate, clientTrust } = tls;
  const options = { host, port, bodyBytesMax, bodiesBytesMax, certificateIdentity };
  if (certFile === undefined || keyFile === undefined) return options;
  return { ...options, tls: { certFile, keyFile, caFile, clientCertificate, clientTrust } };
}
