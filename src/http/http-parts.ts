import type { Access, CertificateIdentity } from '../access/access.ts';
import type { ClientCertificateOptions } from '../access/client-certificate.ts';
import type { Ban } from '../broker/admission/bans.ts';
import type { Store } from '../devices/store.ts';
import type { Message, ReceiptWaiter } from '../message.ts';
import type { Engine } from '../queues/engine.ts';
import type { QueueWatch } from '../queues/queue-watch.ts';
import type { Clock } from '../std/clock.ts';
import type { Log } from '../std/log.ts';
import type { TlsPaths } from '../std/tls-files.ts';
import type { PlatformMetrics } from './metrics/platform-metrics.ts';
import type { PipelineDoor } from './pipeline-door.ts';

export interface HttpOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Longest request body; beyond it 413. */
  readonly bodyBytesMax: number;
  /** Request bodies of all connections together, arrived and not answered; beyond it 503. Default `bodiesBytesMax`. */
  readonly bodiesBytesMax?: number;
  /** HTTPS where given. */
  readonly tls?: HttpTlsOptions;
  /** As in `ListenerAccess`. */
  readonly certificateIdentity?: CertificateIdentity;
  /** Connections at once; beyond it a new one is closed at once. Default `connectionsMax`. */
  readonly connectionsMax?: number;
}

/** PEM files, and how callers are asked for certificates. */
export interface HttpTlsOptions extends TlsPaths, ClientCertificateOptions {}

/** What the HTTP API is made of: the parts of the platform that its handlers speak to. */
export interface HttpParts {
  readonly options: HttpOptions;
  readonly access: Access;
  readonly engine: Engine;
  readonly watch: QueueWatch;
  /** The broker's own publish: live subscribers, retained messages, queues. `waiter` hears once for every message. */
  readonly publisher: { publish(message: Message, waiter: ReceiptWaiter, tag: number): void };
  /** Who may not connect over MQTT. `lift` is false where there is no such ban. */
  readonly bans: { list(): readonly Ban[]; lift(id: number): boolean };
  readonly store: Store;
  readonly pipeline: PipelineDoor;
  readonly ready: () => boolean;
  readonly metrics: () => Promise<PlatformMetrics>;
  readonly clock: Clock;
  readonly log: Log;
}
