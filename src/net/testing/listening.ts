import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { Transport, TransportHandler } from '../../broker/transport.ts';
import { GatherPool } from '../../mqtt/codec/gather-pool.ts';
import { systemClock } from '../../std/clock.ts';
import { silentLog } from '../../std/log.ts';
import type { ListenerOptions } from '../listener.ts';
import type { ListenerCounters } from '../listener-counters.ts';
import { Listeners, type ListenersParts } from '../listeners.ts';

/** The other side of the transport: keeps what came, and lets a test wait for things to happen. */
export class Recorder implements TransportHandler {
  readonly transport: Transport;
  received = Buffer.alloc(0);
  drains = 0;
  isClosed = false;
  #changed: () => void = () => undefined;

  constructor(transport: Transport) {
    this.transport = transport;
  }

  receive(chunk: Buffer): void {
    this.received = Buffer.concat([this.received, chunk]);
    this.#changed();
  }

  room(): undefined {
    return undefined;
  }

  drained(): void {
    this.drains++;
    this.#changed();
  }

  closed(): void {
    this.isClosed = true;
    this.#changed();
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      await new Promise<void>((resolve) => {
        this.#changed = resolve;
      });
    }
  }

  /** Waits until exactly this has come. */
  async hears(text: string): Promise<void> {
    await this.until(() => this.received.toString('latin1') === text);
  }
}

export interface Listening {
  readonly listeners: Listeners;
  readonly port: number;
  readonly counters: ListenerCounters;
  readonly accepted: readonly Recorder[];
  /** The connection that was accepted as the `index`th, once it speaks MQTT. */
  served(index?: number): Promise<Recorder>;
  /** A plain connection to it. */
  dial(): Promise<Socket>;
}

type OneListener = Partial<Omit<ListenersParts, 'options'>> &
  Pick<ListenersParts, 'accept'> & { readonly options?: Partial<ListenerOptions> };

/** One listener on a free port, stopped when the test ends, and what dials it. */
export async function listenerFor(t: TestContext, { options, ...parts }: OneListener) {
  const listeners = new Listeners({
    gathering: new GatherPool(),
    options: [{ ...plain, ...options }],
    isBanned: () => false,
    sayGoodbye: () => undefined,
    counters: { connections: 0, connectionsTotal: 0, bytesOut: 0 },
    connectionsMax: 10_000,
    clock: systemClock,
    log: silentLog,
    ...parts,
  });
  await listeners.start();
  const port = listeners.ports.test;
  const sockets: Socket[] = [];
  t.after(async () => {
    for (const socket of sockets) socket.destroy();
    await listeners.stop();
  });
  const dial = async (): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1');
    sockets.push(socket);
    socket.on('error', mayBreak);
    await once(socket, 'connect');
    return socket;
  };
  return { listeners, port, dial };
}

const plain: ListenerOptions = {
  name: 'test',
  host: '127.0.0.1',
  port: 0,
  connectionsMax: 10_000,
  handshakeTimeoutMs: 10_000,
  profile: { access: { listener: 'test' } },
};

/** One listener whose connections a test looks at. */
export async function listening(
  t: TestContext,
  options: Partial<ListenerOptions> = {},
  parts: Partial<ListenersParts> = {},
): Promise<Listening> {
  const accepted: Recorder[] = [];
  let changed: () => void = () => undefined;
  const accept = (transport: Transport): Recorder => {
    const recorder = new Recorder(transport);
    accepted.push(recorder);
    changed();
    return recorder;
  };
  const { listeners, port, dial } = await listenerFor(t, { accept, ...parts, options });
  return {
    listeners,
    port,
    dial,
    accepted,
    counters: listeners.counters.test,
    async served(index = 0) {
      while (accepted.length <= index) {
        await new Promise<void>((resolve) => {
          changed = resolve;
        });
      }
      return accepted[index];
    },
  };
}

/** Reads until `bytes` have come. */
export async function read(socket: Socket, bytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  while (size < bytes) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    chunks.push(chunk);
    size += chunk.length;
  }
  return Buffer.concat(chunks);
}

/** Reads until the other side ends; answers everything. */
export async function readToEnd(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
  return Buffer.concat(chunks).toString('latin1');
}

/** The server may cut a connection off while something is on its way to it. */
export function mayBreak(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ECONNRESET' && error.code !== 'EPIPE') throw error;
}

export function put(transport: Transport, bytes: Buffer | string): void {
  const buffer = Buffer.from(bytes as string);
  transport.reserve(buffer.length);
  transport.append(buffer, 0, buffer.length, false);
}
