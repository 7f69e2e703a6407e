import type { Consumption, Message } from '../../message.ts';
import type { SimulatedClock } from '../../std/clock.ts';
import type { Engine } from '../engine.ts';
import type { GivenQueueOptions } from '../options.ts';
import { messageOf, publish, RecordingConsumer, turns } from './recording-consumer.ts';

/** An engine on a clock that stands still, whose data can be opened again. */
export interface EngineUnderTest {
  readonly engine: Engine;
  readonly clock: SimulatedClock;
  /** Stops it and starts another one on the same data. */
  reopen(): Promise<Engine>;
  close(): Promise<void>;
}

export const failed = { kind: 'failed', code: 'driver_failed', reason: 'no luck' } as const;
export const rejected = {
  kind: 'rejected',
  code: 'schema_violation',
  reason: 'not a number',
  headers: [['stage', 'validate']],
} as const;
export const bound: GivenQueueOptions = { bindings: [{ filter: 'orders/#' }] };
export const fixedBackoff = { kind: 'fixed', initialMs: 5_000, factor: 1, maxMs: 60_000, jitter: 0 } as const;

/** What the parts of the contract work on: an engine of its own for each test. */
export class ContractBench {
  readonly #open: () => Promise<EngineUnderTest>;
  #under!: EngineUnderTest;

  constructor(open: () => Promise<EngineUnderTest>) {
    this.#open = open;
  }

  get engine(): Engine {
    return this.#under.engine;
  }

  get clock(): SimulatedClock {
    return this.#under.clock;
  }

  async open(): Promise<void> {
    this.#under = await this.#open();
  }

  async reopen(): Promise<void> {
    await this.#under.reopen();
  }

  close(): Promise<void> {
    return this.#under.close();
  }

  send(payload: string, more: Partial<Message> = {}): Promise<void> {
    const message = messageOf(payload, { receivedAt: this.clock.now(), ...more });
    return publish(this.engine.route(message.topic), message);
  }

  sendAll(...payloads: string[]): Promise<unknown> {
    return Promise.all(payloads.map((payload) => this.send(payload)));
  }

  async consume(
    queue: string,
    credit: number,
    id?: string,
  ): Promise<{ consumer: RecordingConsumer; consumption: Consumption }> {
    const consumer = new RecordingConsumer(id);
    return { consumer, consumption: await this.engine.consume(queue, consumer, { credit }) };
  }

  /** Lets the engine go on until that is so; what never is ends with the time that the test has. */
  async until(holds: () => Promise<boolean>): Promise<void> {
    while (!(await holds())) await turns(1);
  }

  async payloadsIn(queue: string): Promise<string[]> {
    const { messages } = await this.engine.browse(queue, { from: 0, limit: 1_000 });
    return messages.map(({ message }) => message.payload.toString());
  }
}
