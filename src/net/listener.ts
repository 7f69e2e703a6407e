import { createServer, type Server, type Socket } from 'node:net';
import type { ListenerProfile, Transport, TransportHandler } from '../broker/transport.ts';
import { Deadlines } from '../std/deadlines.ts';
import type { Log } from '../std/log.ts';
import { RateBucket } from '../std/rate-bucket.ts';
import { BanGate } from './ban-gate.ts';
import { endWithin } from './linger.ts';
import { ListenerCounters } from './listener-counters.ts';
import { ProxyGate } from './proxy-gate.ts';
import { readAsUsual, type SharedReading } from './shared-reading.ts';
import { type SharedByTransports, SocketTransport } from './socket-transport.ts';
import { TlsGate, type TlsOptions } from './tls-gate.ts';
import { type Gate, nothing, type Refusal, type Visit } from './visit.ts';
import { CloseCode } from './web-socket-frames.ts';
import { WebSocketGate } from './web-socket-gate.ts';
import type { WebSocketRules } from './web-socket-handshake.ts';
import { WebSocketInput, WebSocketOutput } from './web-socket-stream.ts';

export interface ListenerOptions {
  readonly name: string;
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Connections at once; the next one is closed as soon as it is accepted. */
  readonly connectionsMax: number;
  /** Connections accepted in a second; one more is closed at once. Absent: no bound. */
  readonly acceptRateMax?: number;
  /** From being accepted to where MQTT can be spoken: PROXY header, TLS handshake and WebSocket upgrade together. */
  readonly handshakeTimeoutMs: number;
  /** Whether every connection begins with a PROXY protocol header, and from where. */
  readonly proxy?: { readonly trusted: readonly string[] | undefined };
  readonly tls?: TlsOptions;
  readonly webSocket?: WebSocketRules;
  readonly profile: ListenerProfile;
}

/** What all listeners of a server share. */
export interface ListenerParts extends SharedByTransports {
  readonly accept: (transport: Transport) => TransportHandler;
  /** Whether nobody at this address may connect for a while. */
  readonly isBanned: (remoteAddress: string) => boolean;
  /** Of all listeners together. */
  readonly counters: { connections: number; connectionsTotal: number };
  readonly connectionsMax: number;
  readonly reading: SharedReading;
  readonly log: Log;
}

/** A port for MQTT: over TCP, TLS, WebSocket or both, with or without a proxy in front. What is to be got through first are its gates. */
export class Listener {
  readonly counters = new ListenerCounters();
  readonly options: ListenerOptions;
  readonly tls: TlsGate | undefined;
  readonly #parts: ListenerParts;
  readonly #log: Log;
  readonly #server: Server;
  readonly #gates: readonly Gate[];
  readonly #visits = new Set<Visit>();
  readonly #handshakes: Deadlines<Visit>;
  readonly #rate: RateBucket | undefined;
  #whenGone: () => void = () => undefined;

  constructor(options: ListenerOptions, parts: ListenerParts) {
    const { proxy, tls, webSocket, name, acceptRateMax } = options;
    this.options = options;
    this.#parts = parts;
    this.#log = parts.log.with({ listener: name });
    this.tls = tls && new TlsGate(tls, parts.clock, this.#log);
    const gates = [
      proxy && new ProxyGate(proxy.trusted),
      tls && new BanGate(parts.isBanned),
      this.tls,
      webSocket && new WebSocketGate(webSocket),
    ];
    this.#gates = gates.filter((gate) => gate !== undefined);
    this.#server = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => this.#accept(socket));
    this.#rate = acceptRateMax === undefined ? undefined : new RateBucket(acceptRateMax, parts.clock.now());
    this.#handshakes = new Deadlines((visit) => this.#refuse(visit, tooLate), parts.clock);
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('The MQTT listener is not started');
    return address.port;
  }

  async start(): Promise<void> {
    await this.tls?.certificates.start();
    await this.#listen();
    this.#server.on('error', (error) => this.#log.error('MQTT listener failed', { error }));
    const { host, proxy, tls, webSocket } = this.options;
    const over = { proxy: proxy !== undefined, tls: tls !== undefined, webSocket: webSocket !== undefined };
    this.#log.info('MQTT listens', { host, port: this.port, ...over });
  }

  /** Takes no more connections; resolves when the last one is gone. */
  async close(): Promise<void> {
    this.tls?.certificates.stop();
    if (!this.#server.listening) return;
    const gone = new Promise<void>((resolve) => {
      this.#whenGone = resolve;
    });
    this.#server.close();
    if (this.#visits.size > 0) await gone;
    this.#handshakes.clear();
  }

  /** Ends every connection that is left, when what was written to it has gone. */
  endAll(): void {
    for (const { socket, served } of this.#visits) {
      served?.transport.end();
      if (served === undefined || served.transport.bufferedBytes === 0) socket.destroySoon();
    }
  }

  cutOff(): void {
    for (const visit of this.#visits) visit.socket.destroy();
  }

  #listen(): Promise<void> {
    const { host, port } = this.options;
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port, backlog: 4096 }, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
  }

  #accept(socket: Socket): void {
    const { clock } = this.#parts;
    const visit: Visit = {
      socket,
      remoteAddress: socket.remoteAddress ?? '',
      certificate: undefined,
      isWebSocket: false,
      head: nothing,
      served: undefined,
      isRefused: false,
      deadline: 0,
      heapIndex: -1,
    };
    this.#enter(visit);
    if (this.#isFull()) this.#refuse(visit, full);
    else if (this.#rate?.take(clock.now()) === false) this.#refuse(visit, tooFast);
    else if (this.#gates.length === 0) this.#serve(visit);
    else {
      this.#handshakes.set(visit, clock.now() + this.options.handshakeTimeoutMs);
      this.#pass(visit, 0);
    }
  }

  #enter(visit: Visit): void {
    const total = this.#parts.counters;
    for (const counters of [this.counters, total]) {
      counters.connections++;
      counters.connectionsTotal++;
    }
    this.#visits.add(visit);
    this.#follow(visit, visit.socket);
  }

  #follow(visit: Visit, socket: Socket): void {
    visit.socket = socket;
    socket.on('error', (error) => this.#broke(visit, error));
    socket.on('close', () => this.#left(visit));
  }

  /** The new one is counted already. */
  #isFull(): boolean {
    const { counters, connectionsMax } = this.#parts;
    return this.counters.connections > this.options.connectionsMax || counters.connections > connectionsMax;
  }

  #pass(visit: Visit, step: number): void {
    const gate = this.#gates[step];
    if (gate === undefined) {
      this.#handshakes.remove(visit);
      this.#serve(visit);
      return;
    }
    gate.pass(visit, (refusal) => {
      if (refusal !== undefined) this.#refuse(visit, refusal);
      else if (!visit.isRefused && !visit.socket.destroyed) this.#pass(visit, step + 1);
    });
  }

  #serve(visit: Visit): void {
    const { accept, reading, turn } = this.#parts;
    const { remoteAddress, certificate, head } = visit;
    const peer = { remoteAddress, certificate, listener: this.options.profile };
    const output = visit.isWebSocket ? new WebSocketOutput() : undefined;
    const receive = (bytes: Buffer): void => {
      input.receive(bytes);
      turn.goOn();
    };
    const room = (): Buffer | undefined => (output === undefined ? handler.room() : undefined);
    const socket =
      this.tls === undefined ? reading.adopt(visit.socket, receive, room) : readAsUsual(visit.socket, receive);
    if (socket !== visit.socket) this.#follow(visit, socket);
    const transport = new SocketTransport(socket, peer, this.#parts, () => handler.drained(), output);
    const handler = accept(transport);
    visit.served = { transport, handler };
    const input =
      output === undefined
        ? handler
        : new WebSocketInput(socket, transport, handler, output, (...close) => this.#webSocketClosed(visit, ...close));
    visit.head = nothing;
    if (head.length > 0) input.receive(head);
  }

  #refuse(visit: Visit, { reason, detail, isAnswered = false }: Refusal): void {
    if (visit.isRefused) return;
    visit.isRefused = true;
    this.#handshakes.remove(visit);
    this.counters.refused[reason]++;
    this.#log.debug('Connection refused', { remoteAddress: visit.remoteAddress, reason, detail });
    if (isAnswered) endWithin(visit.socket, this.#parts.clock);
    else visit.socket.destroy();
  }

  #webSocketClosed({ remoteAddress }: Visit, code: number, reason: string): void {
    if (code === CloseCode.protocolError || code === CloseCode.unsupportedData)
      this.counters.refused.web_socket_frame++;
    this.#log.debug('WebSocket closed', { remoteAddress, code, reason });
  }

  #broke({ remoteAddress }: Visit, error: Error): void {
    this.#log.debug('Connection broke', { remoteAddress, error });
  }

  #left(visit: Visit): void {
    this.#handshakes.remove(visit);
    this.#visits.delete(visit);
    this.counters.connections--;
    this.#parts.counters.connections--;
    visit.served?.transport.discard();
    visit.served?.handler.closed();
    if (this.#visits.size === 0) this.#whenGone();
  }
}

const tooLate: Refusal = { reason: 'handshake_timeout', detail: 'MQTT could not be spoken within handshakeTimeoutMs' };
const full: Refusal = { reason: 'connections_max', detail: 'connectionsMax is reached' };
const tooFast: Refusal = { reason: 'accept_rate', detail: 'More connections came in a second than acceptRateMax' };
