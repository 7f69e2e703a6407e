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
  readonly #pool: WorkPool;
  readonly #filter: string;
  readonly #onNotice: (sentence: string) => void;
  #link: MqttLink | undefined;
  /** The one that messages are from now. */
  #connection: MqttConnection | undefined;
  #stopping: Promise<void> | undefined;

  static async open(
    queue: string,
    handler: Handler,
    { concurrency = 1, group }: ConsumeOptions,
    settings: Omit<MqttSettings, 'onMessage' | 'receiveMaximum'>,
    onNotice: (sentence: string) => void,
  ): Promise<MqttConsumer> {
    const consumer = new MqttConsumer(
      group === undefined ? `$queue/${queue}` : `$stream/${queue}/${group}`,
      new WorkPool(handler, concurrency),
      onNotice,
    );
    consumer.#link = await MqttLink.open({
      settings: { ...settings, receiveMaximum: concurrency, onMessage: (packet) => consumer.#take(packet) },
      prepare: (connection) => consumer.#subscribe(connection),
      onNotice,
    });
    return consumer;
  }

  private constructor(filter: string, pool: WorkPool, onNotice: (sentence: string) => void) {
    this.#filter = filter;
    this.#pool = pool;
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
    const { reasonCode, reason } = await connection.subscribe(this.#filter);
    if (reasonCode < 0x80) return;
    throw new QueueRefused(reason ?? `Cannot consume "${this.#filter}": reason code 0x${reasonCode.toString(16)}`);
  }

  #take(packet: IPublishPacket): void {
    const connection = this.#connection;
    const { messageId } = packet;
    if (this.#stopping !== undefined || connection === undefined || messageId === undefined) return;
    const isCurrent = (): boolean => this.#connection === connection && !connection.isClosed;
    this.#pool.start({
      message: messageOf(packet),
      get isHeld() {
        return isCurrent();
      },
      settle: (outcome) => connection.acknowledge(messageId, ...answerOf(outcome)),
    });
  }
}
