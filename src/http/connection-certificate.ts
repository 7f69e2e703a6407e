import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { ClientCertificate } from '../access/access.ts';
import { type ClientCertificateOptions, clientCertificateOf } from '../access/client-certificate.ts';

const known = new WeakMap<Socket, { readonly certificate: ClientCertificate | undefined }>();

/** What TLS proved about who made the connection; read once, however many requests come over it. */
export function certificateOf(
  socket: Socket,
  options: ClientCertificateOptions | undefined,
): ClientCertificate | undefined {
  if (options === undefined || !(socket instanceof TLSSocket)) return undefined;
  const before = known.get(socket);
  if (before !== undefined) return before.certificate;
  const certificate = clientCertificateOf(socket, options);
  known.set(socket, { certificate });
  return certificate;
}
