import { randomUUID } from 'node:crypto';
import type {
  Client,
  ConnectOptions,
  ConsumeOptions,
  Consumer,
  Handler,
  PublishResult,
  StopOptions,
} from '../client.ts';
import { checkConsumeOptions } from '../consume-options.ts';
import { type Encoded, encode, type Outbound, type Payload } from '../outbound.ts';
import type { PublishOptions } from '../publish-options.ts';
import { PublishRefused } from '../refusals.ts';
import { within } from '../retry.ts';
import { ConnectionLost, type MqttSettings } from './mqtt-connection.ts';
import { MqttConsumer } from './mqtt-consumer.ts';
import { MqttLink } from './mqtt-link.ts';

type Origin = Omit<MqttSettings, 'onMessage' | 'receiveMaximum'>;

/** Over MQTT 5: one connection that publishes, and one for each consumer. */
export class MqttClient implements Client {
  readonly #origin: Origin;
  readonly #onNotice: (sentence: string) => void;
  readonly #link: MqttLink;
  readonly #consumers = new Set<Consumer>();
  readonly #publishing = new Set<Promise<void>>();
  #consumersEver = 0;

  static async open(url: URL, options: ConnectOptions): Promise<MqttClient> {
    const origin = {
      url,
      clientId: options.clientId ?? `sluice-sdk-${randomUUID().slice(0, 8)}`,
      username: options.username,
      password: options.password,
      ca: options.ca,
    };
    const onNotice = options.onNotice ?? ignore;
    const settings = { ...origin, receiveMaximum: 0xffff, onMessage: ignore };
    const link = await MqttLink.open({ settings, prepare: () => Promise.resolve(), onNotice });
    return new MqttClient(origin, onNotice, link);
  }

  private constructor(origin: Origin, onNotice: (sentence: string) => void, link: MqttLink) {
    this.#origin = origin;
    this.#onNotice = onNotice;
    this.#link = link;
  }

  async publish(topic: string, payload: Payload, options: PublishOptions = {}): Promise<void> {
    const publishing = this.#publish(encode({ topic, payload, ...options }));
    const kept = publishing.catch(ignore).finally(() => this.#publishing.delete(kept));
    this.#publishing.add(kept);
    return publishing;
  }

  async publishAll(messages: readonly Outbound[]): Promise<readonly PublishResult[]> {
    return Promise.all(messages.map((message) => this.#result(message)));
  }

  async consume(queue: string, handler: Handler, options: ConsumeOptions = {}): Promise<Consumer> {
    checkConsumeOptions(options);
    const origin = { ...this.#origin, clientId: `${this.#origin.clientId}-${++this.#consumersEver}` };
    const consumer = await MqttConsumer.open(queue, handler, options, origin, this.#onNotice);
    this.#consumers.add(consumer);
    const forget = (): void => void this.#consumers.delete(consumer);
    consumer.ended.then(forget, forget);
    return consumer;
  }

  async close({ graceMs }: StopOptions = {}): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.stop({ graceMs })));
    await within(graceMs, Promise.all(this.#publishing));
    await this.#link.end();
  }

  /** Again where the connection was lost before the answer; not for ever where this message may be why. */
  async #publish(message: Encoded): Promise<void> {
    for (let faults = 0; ; ) {
      const connection = await this.#link.current();
      try {
        const { reasonCode, reason } = await connection.publish(message);
        if (reasonCode < 0x80) return;
        throw new PublishRefused(
          reason ?? `Cannot publish to "${message.topic}": reason code 0x${reasonCode.toString(16)}`,
          passing.has(reasonCode),
        );
      } catch (problem) {
        if (!(problem instanceof ConnectionLost)) throw problem;
        if (problem.isFault && ++faults === faultsMax) throw new PublishRefused(problem.message, true);
        await connection.closed;
      }
    }
  }

  async #result({ topic, payload, ...options }: Outbound): Promise<PublishResult> {
    try {
      await this.publish(topic, payload, options);
      return { ok: true };
    } catch (problem) {
      const retryable = problem instanceof PublishRefused ? problem.retryable : !(problem instanceof TypeError);
      return { ok: false, error: problem as Error, retryable };
    }
  }
}

/** Connections that may end over what was on its way with a message: it may be another one's fault. */
const faultsMax = 3;

/** PUBACK reason codes after which the same message can be taken later. */
const passing = new Set([0x80, 0x83, 0x97]);

const ignore = (): void => undefined;
