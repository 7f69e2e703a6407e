import { SluiceError } from '../errors.ts';
import { acknowledged, type Consumer, type Delivery, released, type Settlement } from '../message.ts';
import type { Acceptance } from '../std/acceptance.ts';
import type { Log } from '../std/log.ts';
import { deathReport } from './death.ts';
import { type DeviceAddress, parseDeviceTopic } from './device-topic.ts';
import { Lane } from './lane.ts';
import type { PipelineLimits } from './limits.ts';
import type { Verdict } from './outcome.ts';
import type { Processor } from './processor.ts';
import { keptMessage, Work } from './work.ts';

/** A message that a queue holds until it is settled. */
class QueuedWork extends Work {
  readonly delivery: Delivery;
  override readonly isReplayed: boolean;

  constructor(delivery: Delivery, address: DeviceAddress) {
    super(keptMessage(delivery.message), address);
    this.delivery = delivery;
    this.isReplayed = delivery.enqueuedAt - delivery.message.receivedAt >= replayedAfterMs;
  }
}

/** A message goes into the queue as it comes; one that a move puts there keeps when it came. */
const replayedAfterMs = 1_000;

/** Processes what the ingest queue delivers, and settles it by its verdict. */
export class IngestConsumer implements Consumer {
  readonly id: string;
  readonly #finished: (work: Work, verdict: Verdict) => void;
  readonly #log: Log;
  readonly #limits: PipelineLimits;
  readonly #lane: Lane<QueuedWork>;
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
    this.#limits = limits;
    this.#lane = new Lane(
      (batch) => processor.process(batch),
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
    const address = parseDeviceTopic(delivery.message.topic);
    if (address === undefined || address instanceof SluiceError) delivery.settle(wrongTopic(delivery, address));
    else this.#lane.push(new QueuedWork(delivery, address));
  }

  ended(reason: SluiceError): void {
    this.#log.warn('The ingest queue is not consumed any more', {
      consumer: this.id,
      code: reason.code,
      reason: reason.message,
    });
  }

  #finish(batch: readonly QueuedWork[]): void {
    for (const work of batch) {
      const verdict = work.verdict as Verdict;
      const isSettled = work.delivery.settle(settlementOf(work, verdict));
      // A lost lease is no harm: the message comes again, and is a duplicate then where it was stored. Where it was not, what
      // became of it is what the next delivery says.
      if (isSettled || verdict.kind === 'stored') this.#finished(work, verdict);
    }
  }
}

function settlementOf(work: Work, verdict: Verdict): Settlement {
  return verdict.kind === 'stored' ? acknowledged : { kind: verdict.kind, ...deathReport(work, verdict) };
}

function wrongTopic({ message }: Delivery, problem: SluiceError | undefined): Settlement {
  const reason =
    problem?.message ?? `Cannot process a message on "${message.topic}": it is no topic of device readings`;
  return { kind: 'rejected', code: 'invalid_topic', reason, headers: [['stage', 'identify']] };
}
