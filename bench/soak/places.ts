import { connect as connectTcp } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { createWebSocketStream, WebSocket } from 'ws';
import { TestAuthority } from '../../src/std/testing/certificates.ts';
import { type SluiceBroker, startSluice } from '../sluice.ts';

export type Way = 'tcp' | 'tls' | 'ws' | 'wss';

const host = '127.0.0.1';

/** A server that listens in every way, and the ways to it. */
export class Places {
  readonly server: SluiceBroker;
  readonly #authority: TestAuthority;

  private constructor(server: SluiceBroker, authority: TestAuthority) {
    this.server = server;
    this.#authority = authority;
  }

  static async start(home: string, core: number | undefined): Promise<Places> {
    const authority = new TestAuthority();
    const tls = authority.issueServer();
    const listeners = {
      secure: { type: 'tls', port: 0, tls },
      web: { type: 'ws', port: 0, path: '/mqtt' },
      secureWeb: { type: 'wss', port: 0, path: '/mqtt', tls },
    };
    return new Places(await startSluice({ home, core, listeners }), authority);
  }

  open(way: Way): Duplex {
    const { mqttPort, listenerPorts } = this.server;
    const { secure, web, secureWeb } = listenerPorts;
    if (way === 'tcp') return connectTcp({ port: mqttPort, host, noDelay: true });
    if (way === 'tls') return connectTls({ port: secure, host, ca: this.#authority.ca, servername: 'localhost' });
    if (way === 'ws') return createWebSocketStream(new WebSocket(`ws://${host}:${web}/mqtt`, 'mqtt'));
    const url = `wss://localhost:${secureWeb}/mqtt`;
    return createWebSocketStream(new WebSocket(url, 'mqtt', { ca: this.#authority.ca }));
  }

  /** What the server says that it has not handed on, by reason; QoS 0 is among it. */
  async dropped(): Promise<ReadonlyMap<string, number>> {
    const metrics = await (await fetch(`http://${host}:${this.server.httpPort}/metrics`)).text();
    const lines = metrics.matchAll(/^sluice_broker_dropped_total\{reason="(\w+)"\} (\d+)$/gm);
    return new Map([...lines].map(([, reason, count]) => [reason, Number(count)]));
  }

  async stop(): Promise<void> {
    await this.server.stop();
    this.#authority.remove();
  }
}
