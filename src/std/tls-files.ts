import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { systemReason } from './system-reason.ts';

/** Paths of PEM files. */
export interface TlsPaths {
  /** The server's certificate, and behind it those that lead to its authority. */
  readonly certFile: string;
  readonly keyFile: string;
  /** Authorities whose client certificates are accepted. */
  readonly caFile?: string;
}

export interface TlsMaterial {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer | undefined;
}

/** Reads the files. Throws one sentence where TLS could not work with what they hold. */
export async function readTlsFiles(paths: TlsPaths): Promise<TlsMaterial> {
  const [cert, key, ca] = await Promise.all([
    readPem(paths.certFile),
    readPem(paths.keyFile),
    paths.caFile === undefined ? undefined : readPem(paths.caFile),
  ]);
  checkForm('certificate', paths.certFile, () => new X509Certificate(cert));
  checkForm('private key without a passphrase', paths.keyFile, () => createPrivateKey(key));
  if (ca !== undefined) checkForm('certificate', paths.caFile as string, () => new X509Certificate(ca));
  if (!new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) {
    throw unusable(
      `Cannot use TLS key ${JSON.stringify(paths.keyFile)}: it does not belong to the certificate in ${JSON.stringify(paths.certFile)}`,
    );
  }
  checkForm('usable chain', paths.certFile, () => createSecureContext({ cert, key, ca }));
  return { cert, key, ca };
}

/** Whether two readings are the same. */
export function isSameMaterial(one: TlsMaterial, other: TlsMaterial): boolean {
  return one.cert.equals(other.cert) && one.key.equals(other.key) && (one.ca === other.ca || isSame(one.ca, other.ca));
}

function isSame(one: Buffer | undefined, other: Buffer | undefined): boolean {
  return one !== undefined && other !== undefined && one.equals(other);
}

async function readPem(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw unusable(`Cannot read TLS file ${JSON.stringify(file)}: ${systemReason(cause as Error)}`, cause);
  }
}

function checkForm(expected: string, file: string, parse: () => unknown): void {
  try {
    parse();
  } catch (cause) {
    const met = (cause as Error).message;
    throw unusable(`Cannot use TLS file ${JSON.stringify(file)}: expected a ${expected} in PEM (${met})`, cause);
  }
}

function unusable(message: string, cause?: unknown): Error {
  return new Error(message, cause === undefined ? undefined : { cause });
}
