import type { IPublishPacket } from 'mqtt-packet';
import type { ConsumeOptions, Consumer, Handler, StopOptions } from '../client.ts';
import { QueueRefused } from '../refusals.ts';
import { WorkPool } from '../work-pool.ts';
import type { MqttConnection, MqttSettings } from './mqtt-connection.ts';
import { MqttLink } from './mqtt-link.ts';
import { answerOf, messageOf } from './mqtt-message.ts';

/**
 * One consumer is one connection, whose Receive Maximum is the concurrency: the server lends exactly what handlers work on, and nobody
 * hoards what others could do.
 */
export class MqttConsumer implements Consumer {
  readonly #queue: string;
  readonly #pool: WorkPool;
  readonly #filter: string;
  readonly #leaseSeconds: number | undefined;
  readonly #onNotice: (sentence: string) => void;
  /** Sequences of what handlers work on, by the connection that lent it; no more than the concurrency. */
  readonly #lent = new Map<number, MqttConnection>();
  #link: MqttLink | undefined;
  /** The one that messages are from now. */
  #connection: MqttConnection | undefined;
  #stopping: Promise<void> | undefined;

  static async open(
    queue: string,
    handler: Handler,
    { concurrency = 1, group, leaseSeconds }: ConsumeOptions,
    settings: Omit<MqttSettings, 'onMessage' | 'receiveMaximum'>,
    onNotice: (sentence: string) => void,
  ): Promise<MqttConsumer> {
    const consumer = new MqttConsumer(
      queue,
      group === undefined ? `$queue/${queue}` : `$stream/${queue}/${group}`,
      new WorkPool(handler, concurrency),
      leaseSeconds,
      onNotice,
    );
    consumer.#link = await MqttLink.open({
      settings: { ...settings, receiveMaximum: concurrency, onMessage: (packet) => consumer.#take(packet) },
      prepare: (connection) => consumer.#subscribe(connection),
      onNotice,
    });
    consumer.#keepLent();
    return consumer;
  }

  private constructor(
    queue: string,
    filter: string,
    pool: WorkPool,
    leaseSeconds: number | undefined,
    onNotice: (sentence: string) => void,
  ) {
    this.#queue = queue;
    this.#filter = filter;
    this.#pool = pool;
    this.#leaseSeconds = leaseSeconds;
    this.#onNotice = onNotice;
  }

  get running(): number {
    return this.#pool.running;
  }

  get ended(): Promise<void> {
    return this.#link?.ended ?? Promise.resolve();
  }

  stop({ graceMs }: StopOptions = {}): Promise<void> {
    this.#stopping ??= this.#stop(graceMs);
    return this.#stopping;
  }

  #keepLent(): void {
    const extending = setInterval(() => this.#extend(), ((this.#leaseSeconds ?? 30) * 1_000) / 3);
    const over = (): void => clearInterval(extending);
    this.ended.then(over, over);
  }

  #extend(): void {
    const connection = this.#connection;
    const sequences = [...this.#lent].filter(([, lender]) => lender === connection).map(([sequence]) => sequence);
    if (sequences.length > 0) connection?.extend(this.#queue, sequences, this.#leaseSeconds);
  }

  async #stop(graceMs: number | undefined): Promise<void> {
    // From now on what comes is held, at most as many as handlers end meanwhile, and goes back with UNSUBSCRIBE: answered at once it
    // would come again at once.
    await this.#pool.finish(graceMs);
    try {
      await this.#connection?.unsubscribe(this.#filter);
    } catch (problem) {
      // With the connection everything went back, and what was settled over it was or comes again.
      this.#onNotice((problem as Error).message);
    }
    await this.#link?.end();
  }

  async #subscribe(connection: MqttConnection): Promise<void> {
    // Messages may follow the SUBACK in the same turn.
    this.#connection = connection;
    // With the connection before everything went back that it lent.
    this.#lent.clear();
    const { reasonCode, reason } = await connection.subscribe(this.#filter);
    if (reasonCode < 0x80) return;
    throw new QueueRefused(reason ?? `Cannot consume "${this.#filter}": reason code 0x${reasonCode.toString(16)}`);
  }

  #take(packet: IPublishPacket): void {
    const connection = this.#connection;
    const { messageId } = packet;
    if (this.#stopping !== undefined || connection === undefined || messageId === undefined) return;
    const isCurrent = (): boolean => this.#connection === connection && !connection.isClosed;
    const message = messageOf(packet);
    const { sequence } = message;
    this.#lent.set(sequence, connection);
    this.#pool.start({
      message,
      get isHeld() {
        return isCurrent();
      },
      settle: (outcome) => {
        if (this.#lent.get(sequence) === connection) this.#lent.delete(sequence);
        connection.acknowledge(messageId, ...answerOf(outcome));
      },
    });
  }
}
