import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface IssuedCertificate {
  readonly certFile: string;
  readonly keyFile: string;
}

/** A certificate authority of one test, in a folder of its own, with the `openssl` of the machine. */
export class TestAuthority {
  readonly folder = mkdtempSync(join(tmpdir(), 'sluice-certificates-'));
  readonly caFile = join(this.folder, 'ca.pem');
  readonly #keyFile = join(this.folder, 'ca.key');
  #issued = 0;

  constructor(name = 'Test authority') {
    openssl(
      'req',
      '-x509',
      ...newKey,
      '-keyout',
      this.#keyFile,
      '-out',
      this.caFile,
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
    );
  }

  get ca(): Buffer {
    return readFileSync(this.caFile);
  }

  /** A certificate for a server or a client; `names` as in a subjectAltName: `DNS:localhost,IP:127.0.0.1`. */
  issue(commonName: string, names?: string): IssuedCertificate {
    const stem = join(this.folder, String(this.#issued++));
    const [certFile, keyFile, requestFile, extensionFile] = ['.pem', '.key', '.csr', '.ext'].map((end) => stem + end);
    openssl('req', ...newKey, '-keyout', keyFile, '-out', requestFile, '-subj', `/CN=${commonName}`);
    writeFileSync(extensionFile, names === undefined ? 'basicConstraints=CA:FALSE' : `subjectAltName=${names}`);
    const signing = ['-CA', this.caFile, '-CAkey', this.#keyFile, '-CAcreateserial', '-extfile', extensionFile];
    openssl('x509', '-req', '-in', requestFile, ...signing, '-out', certFile, '-days', '2');
    return { certFile, keyFile };
  }

  /** One that nobody but its own key has signed; `days` negative: it has expired. */
  selfSigned(commonName: string, days = 2): IssuedCertificate {
    const stem = join(this.folder, String(this.#issued++));
    const [certFile, keyFile, requestFile] = ['.pem', '.key', '.csr'].map((end) => stem + end);
    openssl('req', ...newKey, '-keyout', keyFile, '-out', requestFile, '-subj', `/CN=${commonName}`);
    openssl('x509', '-req', '-in', requestFile, '-signkey', keyFile, '-out', certFile, '-days', String(days));
    return { certFile, keyFile };
  }

  /** One for a server on this machine. */
  issueServer(): IssuedCertificate {
    return this.issue('localhost', 'DNS:localhost,IP:127.0.0.1,IP:::1');
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 20_000 });
}
