import type { Destination, MessageSink } from '../message.ts';
import type { Engine } from './engine.ts';

/** The queues of an engine as a place that every publish is offered to. */
export class QueueSink implements MessageSink {
  readonly name = 'queues';
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
  }

  route(topic: string): Destination | undefined {
    return this.#engine.route(topic);
  }

  onRoutesChanged(listener: () => void): void {
    this.#engine.onRoutesChanged(listener);
  }
}
