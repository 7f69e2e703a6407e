import type { Transport, TransportHandler } from '../broker/transport.ts';
import type { HeldMemory } from '../std/bytes.ts';
import type { Clock } from '../std/clock.ts';
import type { Part } from '../std/lifecycle.ts';
import type { Log } from '../std/log.ts';
import { ChunkPool } from './chunk-pool.ts';
import { lingerMs } from './linger.ts';
import { Listener, type ListenerOptions } from './listener.ts';
import type { ListenerCounters } from './listener-counters.ts';
import { SharedReading } from './shared-reading.ts';
import { Turn } from './turn.ts';

export interface ListenersParts {
  readonly options: readonly ListenerOptions[];
  readonly accept: (transport: Transport) => TransportHandler;
  /** Whether nobody at this address may connect for a while. */
  readonly isBanned: (remoteAddress: string) => boolean;
  /** Tells every client that the server goes; no new one can come any more. */
  readonly sayGoodbye: () => void;
  readonly counters: { connections: number; connectionsTotal: number; bytesOut: number };
  /** Connections at once, of all listeners together. */
  readonly connectionsMax: number;
  /** Where large packets were gathered. */
  readonly gathering: HeldMemory;
  readonly clock: Clock;
  readonly log: Log;
}

/** Every port for MQTT. They start and stop together. */
export class Listeners implements Part {
  readonly name = 'mqtt listeners';
  readonly #parts: ListenersParts;
  readonly #all: readonly Listener[];

  constructor(parts: ListenersParts) {
    this.#parts = parts;
    const turn = new Turn(parts.counters);
    const shared = { ...parts, pool: new ChunkPool(), turn, reading: new SharedReading(turn) };
    this.#all = parts.options.map((options) => new Listener(options, shared));
  }

  /** The port of each, by name. */
  get ports(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#all.map((listener) => [listener.options.name, listener.port]));
  }

  get counters(): Readonly<Record<string, ListenerCounters>> {
    return Object.fromEntries(this.#all.map((listener) => [listener.options.name, listener.counters]));
  }

  async start(): Promise<void> {
    for (const listener of this.#all) {
      try {
        await listener.start();
      } catch (cause) {
        const { message } = cause as Error;
        throw new Error(`listener ${JSON.stringify(listener.options.name)}: ${message}`, { cause });
      }
    }
  }

  /** Reads the TLS files of every listener again. */
  async reload(): Promise<void> {
    await Promise.all(this.#all.map((listener) => listener.tls?.certificates.reload()));
  }

  /** Takes no more connections, says goodbye on those that are open, waits until they are closed, and cuts off who does not close. */
  async stop(): Promise<void> {
    const closed = this.#all.map((listener) => listener.close());
    this.#parts.sayGoodbye();
    for (const listener of this.#all) listener.endAll();
    const cutOff = this.#parts.clock.after(lingerMs, () => {
      for (const listener of this.#all) listener.cutOff();
    });
    await Promise.all(closed);
    cutOff.cancel();
  }
}
