import { SluiceError } from '../errors.ts';
import { acknowledged, type Consumer, type Delivery, type Message, released, type Settlement } from '../message.ts';
import type { Acceptance } from '../std/acceptance.ts';
import type { Log } from '../std/log.ts';
import { deathReport } from './death.ts';
import { type DeviceAddress, parseDeviceTopic } from './device-topic.ts';
import { Lane } from './lane.ts';
import type { PipelineLimits } from './limits.ts';
import type { Verdict } from './outcome.ts';
import type { Processor } from './processor.ts';
import { keptMessage, Work } from './work.ts';

class QueuedWork extends Work {
  override readonly isReplayed: boolean;

  constructor(message: Message, address: DeviceAddress, enqueuedAt: number) {
    super(message, address);
    this.isReplayed = enqueuedAt - message.receivedAt >= replayedAfterMs;
  }
}

/** A message goes into the queue as it comes; one that a move puts there keeps when it came. */
const replayedAfterMs = 1_000;

/** What came out of the queue, which holds it until it is settled. Work is made of it with its batch: those who wait for their answers go first. */
class Arrival {
  readonly delivery: Delivery;
  readonly message: Message;
  /** Undefined before its batch begins, and where its topic is none of device readings. */
  work: QueuedWork | undefined;

  constructor(delivery: Delivery) {
    this.delivery = delivery;
    this.message = keptMessage(delivery.message);
  }

  begin(): void {
    const address = parseDeviceTopic(this.message.topic);
    if (address === undefined || address instanceof SluiceError) return;
    this.work = new QueuedWork(this.message, address, this.delivery.enqueuedAt);
  }
}

/** Processes what the ingest queue delivers, and settles it by its verdict. */
export class IngestConsumer implements Consumer {
  readonly id: string;
  readonly #finished: (work: Work, verdict: Verdict) => void;
  readonly #log: Log;
  readonly #limits: PipelineLimits;
  readonly #processor: Processor;
  readonly #lane: Lane<Arrival>;
  #closed = true;

  constructor(
    id: string,
    processor: Processor,
    finished: (work: Work, verdict: Verdict) => void,
    log: Log,
    limits: PipelineLimits,
    acceptance?: Acceptance,
  ) {
    this.id = id;
    this.#finished = finished;
    this.#log = log;
    this.#processor = processor;
    this.#limits = limits;
    this.#lane = new Lane(
      (batch) => this.#process(batch),
      (batch) => this.#finish(batch),
      limits,
      { acceptance },
    );
  }

  /** Deliveries in work. */
  get size(): number {
    return this.#lane.size;
  }

  idle(): Promise<void> {
    return this.#lane.idle();
  }

  open(): void {
    this.#closed = false;
  }

  /** Gives back whatever is delivered from now on. */
  close(): void {
    this.#closed = true;
  }

  deliver(delivery: Delivery): void {
    if (this.#closed || this.#lane.size >= this.#limits.queuedMessagesMax) {
      delivery.settle(released);
      return;
    }
    this.#lane.push(new Arrival(delivery));
  }

  ended(reason: SluiceError): void {
    this.#log.warn('The ingest queue is not consumed any more', {
      consumer: this.id,
      code: reason.code,
      reason: reason.message,
    });
  }

  #process(batch: readonly Arrival[]): Promise<void> {
    const works: QueuedWork[] = [];
    for (const arrival of batch) {
      arrival.begin();
      if (arrival.work !== undefined) works.push(arrival.work);
    }
    return works.length === 0 ? Promise.resolve() : this.#processor.process(works);
  }

  #finish(batch: readonly Arrival[]): void {
    for (const { delivery, message, work } of batch) {
      if (work === undefined) {
        delivery.settle(wrongTopic(message));
        continue;
      }
      const verdict = work.verdict as Verdict;
      const isSettled = delivery.settle(settlementOf(work, verdict));
      // A lost lease is no harm: the message comes again, and is a duplicate then where it was stored. Where it was not, what
      // became of it is what the next delivery says.
      if (isSettled || verdict.kind === 'stored') this.#finished(work, verdict);
    }
  }
}

function settlementOf(work: Work, verdict: Verdict): Settlement {
  return verdict.kind === 'stored' ? acknowledged : { kind: verdict.kind, ...deathReport(work, verdict) };
}

function wrongTopic(message: Message): Settlement {
  const problem = parseDeviceTopic(message.topic);
  const reason =
    problem instanceof SluiceError
      ? problem.message
      : `Cannot process a message on "${message.topic}": it is no topic of device readings`;
  return { kind: 'rejected', code: 'invalid_topic', reason, headers: [['stage', 'identify']] };
}
