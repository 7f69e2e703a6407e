import type { Socket } from 'node:net';
import type { ClientCertificate } from '../access/access.ts';
import type { TransportHandler } from '../broker/transport.ts';
import type { Deadline } from '../std/deadline-heap.ts';
import type { RefusalReason } from './listener-counters.ts';
import type { SocketTransport } from './socket-transport.ts';

/** One connection of a listener, from being accepted until it is gone. */
export interface Visit extends Deadline {
  /** The outermost one: of TLS once its handshake is done. */
  socket: Socket;
  remoteAddress: string;
  certificate: ClientCertificate | undefined;
  /** Whether MQTT comes in WebSocket frames. */
  isWebSocket: boolean;
  /** What was read and belongs to what comes next. */
  head: Buffer;
  /** What speaks MQTT, once nothing is in front of it any more. */
  served: { readonly transport: SocketTransport; readonly handler: TransportHandler } | undefined;
  isRefused: boolean;
}

export interface Refusal {
  readonly reason: RefusalReason;
  readonly detail: string;
  /** Whether what was written is still to be sent; else the connection is closed at once. */
  readonly isAnswered?: boolean;
}

/** Something to get through before MQTT is spoken: PROXY header, TLS handshake, WebSocket upgrade. */
export interface Gate {
  /** Calls `done` with what is wrong or, once, without; not at all where the connection ends meanwhile. */
  pass(visit: Visit, done: (refusal?: Refusal) => void): void;
}

export const nothing: Buffer = Buffer.alloc(0);

/** Gives what was read too much back to the socket, for whoever reads it next. */
export function giveBack(visit: Visit): void {
  if (visit.head.length > 0) visit.socket.unshift(visit.head);
  visit.head = nothing;
}
