import { certificateIdentities } from '../../access/access.ts';
import { clientTrusts } from '../../access/client-certificate.ts';
import { option, unset } from '../option.ts';
import { choice, integer, text } from '../schema.ts';
import { gibibyte, kibibyte, mebibyte, port } from '../units.ts';

const file = text({ expected: 'the path of a file' });

/** Options of the HTTP API. */
export const httpOptions = {
  'http.port': option(port, {
    default: 8080,
    flag: 'http-port',
    placeholder: 'N',
    sentence: 'TCP port for HTTP; 0 picks a free one.',
  }),
  'http.bodyBytesMax': option(integer(kibibyte, 256 * mebibyte), {
    default: 4 * mebibyte,
    sentence: 'Largest request body in bytes; a larger one is answered with 413.',
  }),
  'http.bodiesBytesMax': option(integer(kibibyte, 1024 * gibibyte), {
    default: 256 * mebibyte,
    sentence:
      'Bytes of request bodies of all connections together that have arrived and are not answered; beyond it a request is answered with 503.',
  }),
  'http.tls.certFile': unset(file, {
    isPath: true,
    sentence: 'Certificate chain in PEM; with `http.tls.keyFile` the HTTP port speaks HTTPS.',
  }),
  'http.tls.keyFile': unset(file, {
    isPath: true,
    sentence: 'Private key in PEM for `http.tls.certFile`.',
  }),
  'http.tls.caFile': unset(file, {
    isPath: true,
    sentence: 'Authorities, in PEM, whose client certificates are trusted.',
  }),
  'http.tls.clientCertificate': option(choice('none', 'request', 'require'), {
    default: 'none',
    sentence:
      'Whether callers are asked for a certificate: no, those who have one, or all, so that nobody connects without.',
  }),
  'http.tls.clientTrust': option(choice(...clientTrusts), {
    default: 'authority',
    sentence:
      'Which client certificates are taken: those that an authority in `http.tls.caFile` signed, or any (`pinned`), self-signed ones too, of which those count that a device has among its credentials.',
  }),
  'http.certificateIdentity': unset(choice(...certificateIdentities), {
    sentence:
      'What makes a client certificate a login: that a device has it (`fingerprint`), or else the name on it. Unset, the certificate alone lets nobody in.',
  }),
};
