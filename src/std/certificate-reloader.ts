import { X509Certificate } from 'node:crypto';
import type { Clock, Timer } from './clock.ts';
import type { Log } from './log.ts';
import { isSameMaterial, readTlsFiles, type TlsMaterial, type TlsPaths } from './tls-files.ts';

export interface CertificateReloaderParts {
  readonly paths: TlsPaths;
  /** Puts new files to use. What is under way goes on with the old ones. */
  readonly apply: (material: TlsMaterial) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Reads TLS files again, each minute and when asked, and puts them to use when they have changed. Their content is compared,
 * not their times: whoever renews certificates may rename files, replace folders or move a link.
 */
export class CertificateReloader {
  readonly #parts: CertificateReloaderParts;
  #current: TlsMaterial | undefined;
  #timer: Timer | undefined;
  #reading: Promise<void> | undefined;
  /** What was wrong last time, so that it is not said each minute. */
  #problem: string | undefined;

  constructor(parts: CertificateReloaderParts) {
    this.#parts = parts;
  }

  /** Applies what the files hold, and watches them from now on. Rejects where TLS could not work with them. */
  async start(): Promise<void> {
    this.#use(await readTlsFiles(this.#parts.paths));
    this.#arm();
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** Reads once more. A pair that does not work changes nothing and is logged. */
  reload(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(): Promise<void> {
    const { paths, log } = this.#parts;
    try {
      const material = await readTlsFiles(paths);
      this.#problem = undefined;
      if (this.#current !== undefined && isSameMaterial(material, this.#current)) return;
      this.#use(material);
      log.info('TLS certificate replaced', { certFile: paths.certFile, validTo: validTo(material) });
    } catch (error) {
      const { message } = error as Error;
      if (message !== this.#problem) log.error('TLS certificate not replaced: the old one stays', { error });
      this.#problem = message;
    }
  }

  #use(material: TlsMaterial): void {
    const { apply, paths, log, clock } = this.#parts;
    apply(material);
    this.#current = material;
    const until = validTo(material);
    if (Date.parse(until) < clock.now()) log.warn('TLS certificate has expired', { ...paths, validTo: until });
  }

  #arm(): void {
    this.#timer = this.#parts.clock.after(checkMs, () => {
      this.#arm();
      void this.reload();
    });
  }
}

/** How often the files are looked at. */
export const checkMs = 60_000;

function validTo({ cert }: TlsMaterial): string {
  return new X509Certificate(cert).validTo;
}
