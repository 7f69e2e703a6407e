import type { DeviceType } from '../../devices/device-type.ts';
import type { SqliteStore } from '../../devices/sqlite/store.ts';
import { SqliteFixture } from '../../devices/sqlite/testing/store-fixture.ts';
import type { NewDevice, ProcessedMessage, StoreOutcome } from '../../devices/store.ts';
import { testDevice, testDeviceType } from '../../devices/testing/store-samples.ts';
import type { SluiceError } from '../../errors.ts';
import {
  type Consumer,
  type Consumption,
  type Credit,
  type Delivery,
  type Destination,
  type Message,
  type ReceiptWaiter,
  released,
  type Settlement,
  type UserProperty,
} from '../../message.ts';
import { SimulatedClock } from '../../std/clock.ts';
import { createLog } from '../../std/log.ts';
import type { DeathReport } from '../death.ts';
import type { PipelineLimits } from '../limits.ts';
import { Pipeline, type PipelineParts } from '../pipeline.ts';
import { keptMessage } from '../work.ts';
import { TestDriverHost } from './test-driver-host.ts';

/** A pipeline on a real SQLite store, with everything around it in the hands of the test. */
export class TestBench {
  readonly clock: SimulatedClock;
  readonly drivers = new TestDriverHost();
  readonly queue = new TestQueue();
  readonly buried: { message: Message; death: DeathReport }[] = [];
  readonly events: Message[] = [];
  /** Which topics somebody listens to: all, but for what devices are told of their limits whenever one is made. */
  hears: (topic: string) => boolean = (topic) => !topic.endsWith('/limits');
  /** Set to make every `bury` reject. */
  buryProblem: Error | undefined;
  /** Set to make every `apply` reject. */
  storeProblem: Error | undefined;
  readonly pipeline: Pipeline;
  readonly store: SqliteStore;
  /** Warnings and errors, as lines of the log. */
  readonly logged: Record<string, unknown>[] = [];
  readonly #fixture: SqliteFixture;

  private constructor(
    clock: SimulatedClock,
    fixture: SqliteFixture,
    store: SqliteStore,
    limits: Partial<PipelineLimits>,
  ) {
    this.clock = clock;
    this.#fixture = fixture;
    this.store = store;
    this.pipeline = new Pipeline({
      store: this.#faulty(),
      drivers: this.drivers,
      makeShadowHost: () => new TestDriverHost(),
      queue: {
        destination: this.queue,
        size: async () => this.queue.size,
        consume: (consumer, credit) => this.queue.consume(consumer, credit),
      },
      deadLetters: { bury: (message, death) => this.#bury(message, death) },
      events: {
        hears: (topic) => this.hears(topic),
        publish: (message) => void this.events.push(message),
      },
      clock: this.clock,
      log: createLog('warn', (line) => this.logged.push(JSON.parse(line))),
      limits,
    });
  }

  static async open(limits: Partial<PipelineLimits> = {}): Promise<TestBench> {
    const clock = new SimulatedClock();
    const fixture = new SqliteFixture({}, clock);
    const bench = new TestBench(clock, fixture, await fixture.open(), limits);
    await bench.pipeline.start();
    return bench;
  }

  async close(): Promise<void> {
    await this.pipeline.stop();
    await this.#fixture.close(this.store);
  }

  async device(
    id: string,
    type: Partial<DeviceType> & { name: string },
    about: Partial<NewDevice> = {},
  ): Promise<void> {
    await this.pipeline.registry.putDeviceType(testDeviceType(type));
    await this.pipeline.registry.putDevice(testDevice({ ...about, id, type: type.name }));
  }

  /** What a device publishes. `headers` are user properties without `sluice-` in front. */
  message(deviceId: string, payload: unknown, headers: Record<string, string | number> = {}): Message {
    const userProperties = Object.entries(headers).map(([name, value]): UserProperty => [`sluice-${name}`, `${value}`]);
    return {
      topic: `devices/${deviceId}/telemetry`,
      payload: Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)),
      qos: 1,
      retain: false,
      properties: userProperties.length === 0 ? undefined : { userProperties },
      receivedAt: this.clock.now(),
      publisher: deviceId,
    };
  }

  /**
   * Offers the messages to the sink, all in this turn, and answers the receipts once all have come, in their order. Their bytes are
   * lent, as those of the network are: they are others as soon as the call is over.
   */
  async publish(...messages: readonly Message[]): Promise<readonly Receipt[]> {
    const waiter = new TestWaiter(messages.length);
    messages.forEach((message, tag) => {
      const borrowed = lent(message);
      this.pipeline.sink.route(message.topic)?.admit(borrowed.message, waiter, tag);
      borrowed.bytes.fill(0xee);
    });
    return waiter.all;
  }

  /** Delivers the messages to the consumer, all in this turn, and answers their settlements in the order of the messages. */
  deliver(...messages: readonly Message[]): Promise<readonly Settlement[]> {
    return Promise.all(
      messages.map((message, i) => {
        const { promise, resolve } = Promise.withResolvers<Settlement>();
        this.pipeline.consumer.deliver(testDelivery(message, i, resolve));
        return promise;
      }),
    );
  }

  async state(deviceId: string): Promise<Record<string, unknown>> {
    const entries = await this.store.readings.state(deviceId);
    return Object.fromEntries(entries.map((entry) => [entry.key, entry.value]));
  }

  async #bury(message: Message, death: DeathReport): Promise<void> {
    // Not in this turn, as in a queue that commits.
    await new Promise((resolve) => setImmediate(resolve));
    if (this.buryProblem !== undefined) throw this.buryProblem;
    this.buried.push({ message, death });
  }

  #faulty(): PipelineParts['store'] {
    const { store } = this;
    const apply = async (batch: readonly ProcessedMessage[]): Promise<readonly StoreOutcome[]> => {
      if (this.storeProblem !== undefined) throw this.storeProblem;
      return store.readings.apply(batch);
    };
    const readings = {
      apply,
      preview: store.readings.preview.bind(store.readings),
      areStored: store.readings.areStored.bind(store.readings),
      state: store.readings.state.bind(store.readings),
      history: store.readings.history.bind(store.readings),
      message: store.readings.message.bind(store.readings),
      inbox: store.readings.inbox.bind(store.readings),
    };
    return {
      registry: store.registry,
      credentials: store.credentials,
      claimKeys: store.claimKeys,
      presence: store.presence,
      raw: store.raw,
      rollouts: store.rollouts,
      schemas: store.schemas,
      readings,
      series: store.series,
      numbers: () => store.numbers(),
      start: () => store.start(),
      stop: () => store.stop(),
    };
  }
}

/** The message among the bytes of others, and these bytes. */
function lent(message: Message): { message: Message; bytes: Buffer } {
  const { payload, properties } = message;
  const correlationData = properties?.correlationData ?? nothing;
  const bytes = Buffer.concat([neighbour, correlationData, neighbour, payload, neighbour]);
  const correlationEnd = neighbour.length + correlationData.length;
  const start = correlationEnd + neighbour.length;
  const borrowed = { ...message, payload: bytes.subarray(start, start + payload.length) };
  if (properties?.correlationData === undefined) return { message: borrowed, bytes };
  const own = bytes.subarray(neighbour.length, correlationEnd);
  return { message: { ...borrowed, properties: { ...properties, correlationData: own } }, bytes };
}

const nothing = Buffer.alloc(0);
const neighbour = Buffer.from('"messageId":"of another"}');

export interface Receipt {
  readonly tag: number;
  readonly code: string | undefined;
  readonly outcome: string | undefined;
  readonly failure: SluiceError | undefined;
}

/** Gathers receipts in the order in which they come. */
export class TestWaiter implements ReceiptWaiter {
  /** Which other topics the sender may publish to. */
  mayPublish: (topic: string) => boolean = () => true;
  readonly receipts: Receipt[] = [];
  readonly all: Promise<readonly Receipt[]>;
  readonly #count: number;
  readonly #resolve: (receipts: readonly Receipt[]) => void;

  constructor(count: number) {
    const { promise, resolve } = Promise.withResolvers<readonly Receipt[]>();
    this.#count = count;
    this.all = promise;
    this.#resolve = resolve;
  }

  receipt(tag: number, failure: SluiceError | undefined, outcome?: string): void {
    this.receipts.push({ tag, code: failure?.code, outcome, failure });
    if (this.receipts.length === this.#count) this.#resolve(this.receipts);
  }
}

/** The ingest queue: keeps what is admitted and answers at once. */
export class TestQueue implements Destination {
  readonly admitted: Message[] = [];
  closed = false;
  /** What is said of how many wait. */
  size = 0;
  /** Those who asked to consume. */
  readonly consumers: TestConsumption[] = [];

  admit(message: Message, waiter: ReceiptWaiter, tag: number): boolean {
    if (this.closed) return false;
    this.admitted.push(keptMessage(message));
    waiter.receipt(tag, undefined);
    return true;
  }

  async consume(consumer: Consumer, credit: Credit): Promise<Consumption> {
    const consumption = new TestConsumption(consumer, credit);
    this.consumers.push(consumption);
    return consumption;
  }
}

/** What a consumer of the queue was given; a stop releases what it holds, as the engine does. */
export class TestConsumption implements Consumption {
  readonly consumer: Consumer;
  credit: number;
  stopped = false;
  readonly #held: Delivery[] = [];

  constructor(consumer: Consumer, { credit }: Credit) {
    this.consumer = consumer;
    this.credit = credit;
  }

  setCredit(credit: number): void {
    this.credit = credit;
  }

  open(): void {
    this.stopped = false;
  }

  stop(): void {
    this.stopped = true;
    for (const delivery of this.#held) delivery.settle(released);
  }

  /** Delivers the messages, all in this turn; answers how each is settled. */
  deliver(...messages: readonly Message[]): Promise<readonly Settlement[]> {
    return Promise.all(
      messages.map((message, sequence) => {
        const { promise, resolve } = Promise.withResolvers<Settlement>();
        const delivery = testDelivery(message, sequence, resolve);
        this.#held.push(delivery);
        this.consumer.deliver(delivery);
        return promise;
      }),
    );
  }
}

export function testDelivery(
  message: Message,
  sequence: number,
  settled: (settlement: Settlement) => void,
  enqueuedAt = message.receivedAt,
): Delivery {
  let open = true;
  return {
    message,
    queue: 'ingest',
    sequence,
    attempt: 1,
    enqueuedAt,
    death: undefined,
    get held() {
      return open;
    },
    settle(settlement) {
      const first = open;
      open = false;
      if (first) settled(settlement);
      return first;
    },
    extend: () => open,
  };
}
