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
import type { Outbound, Payload } from '../outbound.ts';
import type { PublishOptions } from '../publish-options.ts';
import { ConnectionRefused } from '../refusals.ts';
import { HttpApi } from './http-api.ts';
import { HttpConsumer } from './http-consumer.ts';
import { HttpPublisher } from './http-publisher.ts';

/** Over the HTTP API: nothing but `fetch`. */
export class HttpClient implements Client {
  readonly #api: HttpApi;
  readonly #publisher: HttpPublisher;
  readonly #onNotice: (sentence: string) => void;
  readonly #consumers = new Set<Consumer>();

  static async open(url: URL, options: ConnectOptions): Promise<HttpClient> {
    const api = new HttpApi(url, options);
    await api.greet().catch((problem: Error) => {
      throw new ConnectionRefused(problem.message, { cause: problem });
    });
    return new HttpClient(api, options.onNotice ?? (() => undefined));
  }

  private constructor(api: HttpApi, onNotice: (sentence: string) => void) {
    this.#api = api;
    this.#onNotice = onNotice;
    this.#publisher = new HttpPublisher(api, onNotice);
  }

  async publish(topic: string, payload: Payload, options: PublishOptions = {}): Promise<void> {
    const result = await this.#publisher.publish({ topic, payload, ...options });
    if (!result.ok) throw result.error;
  }

  publishAll(messages: readonly Outbound[]): Promise<readonly PublishResult[]> {
    const attempts = messages.map((message) => this.#publisher.publish(message));
    return Promise.all(attempts.map((attempt) => attempt.catch(resultOf)));
  }

  async consume(queue: string, handler: Handler, options: ConsumeOptions = {}): Promise<Consumer> {
    checkConsumeOptions(options);
    const consumer = await HttpConsumer.open(this.#api, queue, handler, options, this.#onNotice);
    this.#consumers.add(consumer);
    const forget = (): void => void this.#consumers.delete(consumer);
    consumer.ended.then(forget, forget);
    return consumer;
  }

  async close({ graceMs }: StopOptions = {}): Promise<void> {
    await Promise.all([...this.#consumers].map((consumer) => consumer.stop({ graceMs })));
    await this.#publisher.close(graceMs);
  }
}

/** What could not be sent at all. */
function resultOf(error: Error): PublishResult {
  return { ok: false, error, retryable: false };
}
