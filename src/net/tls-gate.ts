import type { Duplex } from 'node:stream';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import {
  type ClientCertificateOptions,
  clientCertificateOf,
  handshakeOptions,
  lacksCertificate,
} from '../access/client-certificate.ts';
import { CertificateReloader } from '../std/certificate-reloader.ts';
import type { Clock } from '../std/clock.ts';
import type { Log } from '../std/log.ts';
import type { TlsPaths } from '../std/tls-files.ts';
import { type Gate, giveBack, type Refusal, type Visit } from './visit.ts';

export interface TlsOptions extends TlsPaths, ClientCertificateOptions {
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
}

/** The TLS handshake. A server of Node that does not listen itself is handed the connections. */
export class TlsGate implements Gate {
  readonly certificates: CertificateReloader;
  readonly #options: TlsOptions;
  readonly #server: Server;
  readonly #visits = new WeakMap<Duplex, Shaking>();

  constructor(options: TlsOptions, clock: Clock, log: Log) {
    const { minVersion } = options;
    this.#options = options;
    this.#server = createServer({
      minVersion,
      ...handshakeOptions(options),
      // The listener's own deadline ends what takes too long.
      handshakeTimeout: 0,
    });
    this.#server.on('secureConnection', (socket) => this.#secured(socket));
    this.#server.on('tlsClientError', (error, socket) => this.#failed(error, socket));
    this.certificates = new CertificateReloader({
      paths: options,
      apply: ({ cert, key, ca }) => this.#server.setSecureContext({ cert, key, ca, minVersion }),
      clock,
      log,
    });
  }

  pass(visit: Visit, done: (refusal?: Refusal) => void): void {
    this.#visits.set(visit.socket, { visit, done });
    giveBack(visit);
    this.#server.emit('connection', visit.socket);
  }

  #secured(socket: TLSSocket): void {
    const parent = parentOf(socket);
    const shaking = this.#visits.get(parent);
    if (shaking === undefined) return;
    // What breaks TLS breaks the connection below, which is the one that is watched.
    socket.on('error', (error) => parent.destroy(error));
    const { visit, done } = shaking;
    visit.socket = socket;
    visit.certificate = clientCertificateOf(socket, this.#options);
    done(lacksCertificate(socket, this.#options) ? withoutCertificate : undefined);
  }

  #failed(error: Error, socket: TLSSocket): void {
    const { code } = error as NodeJS.ErrnoException;
    this.#visits.get(parentOf(socket))?.done({ reason: 'tls_handshake', detail: code ?? error.message });
  }
}

const withoutCertificate: Refusal = { reason: 'tls_handshake', detail: 'the client shows no certificate' };

interface Shaking {
  readonly visit: Visit;
  readonly done: (refusal?: Refusal) => void;
}

/** The socket below: Node has it beside what is documented. */
function parentOf(socket: TLSSocket): Duplex {
  return (socket as unknown as { readonly _parent: Duplex })._parent;
}
