import { createServer, type Server, type Socket } from 'node:net';
import type { ListenerProfile, Peer, Transport, TransportHandler } from '../broker/transport.ts';
import type { Part } from '../std/lifecycle.ts';
import type { Log } from '../std/log.ts';
import { ChunkPool } from './chunk-pool.ts';
import { SharedReading } from './shared-reading.ts';
import { lingerMs, SocketTransport } from './socket-transport.ts';
import { Turn } from './turn.ts';

export interface TcpListenerOptions {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
  /** Connections at once; the next one is closed as soon as it is accepted. */
  readonly connectionsMax: number;
  readonly profile: ListenerProfile;
}

export interface TcpListenerParts {
  readonly options: TcpListenerOptions;
  readonly accept: (transport: Transport) => TransportHandler;
  /** Tells every client that the server goes; no new one can come any more. */
  readonly sayGoodbye: () => void;
  readonly counters: { connections: number; connectionsTotal: number };
  readonly log: Log;
}

/** MQTT over TCP. */
export class TcpListener implements Part {
  readonly name = 'mqtt listener';
  readonly #parts: TcpListenerParts;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #pool = new ChunkPool();
  readonly #turn = new Turn();
  readonly #reading = new SharedReading();

  constructor(parts: TcpListenerParts) {
    this.#parts = parts;
    this.#server = createServer({ noDelay: true, pauseOnConnect: true }, (socket) => this.#connect(socket));
    this.#server.maxConnections = parts.options.connectionsMax;
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('The MQTT listener is not started');
    return address.port;
  }

  start(): Promise<void> {
    const { host, port } = this.#parts.options;
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ host, port, backlog: 4096 }, () => {
        this.#server.off('error', reject);
        this.#server.on('error', (error) => this.#parts.log.error('MQTT listener failed', { error }));
        this.#server.on('drop', () => this.#parts.log.warn('MQTT connection refused: connectionsMax is reached'));
        resolve();
      });
    });
  }

  /** Takes no more connections, says goodbye on those that are open, and waits until they are closed. */
  stop(): Promise<void> {
    return new Promise((resolve) => {
      if (!this.#server.listening) {
        resolve();
        return;
      }
      const cutOff = setTimeout(() => {
        for (const socket of this.#sockets) socket.destroy();
      }, lingerMs);
      this.#server.close(() => {
        clearTimeout(cutOff);
        resolve();
      });
      this.#parts.sayGoodbye();
      for (const socket of this.#sockets) socket.destroySoon();
    });
  }

  #connect(accepted: Socket): void {
    const { counters, log, options } = this.#parts;
    const socket = this.#reading.adopt(accepted, (bytes) => handler.receive(bytes));
    const peer: Peer = {
      remoteAddress: socket.remoteAddress ?? '',
      certificate: undefined,
      listener: options.profile,
    };
    counters.connections++;
    counters.connectionsTotal++;
    this.#sockets.add(socket);
    const transport = new SocketTransport(socket, peer, this.#pool, this.#turn, () => handler.drained());
    const handler = this.#parts.accept(transport);
    socket.on('error', (error) => log.debug('Connection broke', { remoteAddress: peer.remoteAddress, error }));
    socket.on('close', () => {
      counters.connections--;
      this.#sockets.delete(socket);
      transport.discard();
      handler.closed();
    });
  }
}
