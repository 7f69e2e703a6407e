import { SluiceError, toSluiceError } from '../errors.ts';
import type { Message, ReceiptWaiter } from '../message.ts';
import type { Clock } from '../std/clock.ts';
import { type DeadLetters, deathReport, isBuried } from './death.ts';
import type { DeviceAddress } from './device-topic.ts';
import { Lane } from './lane.ts';
import type { PipelineLimits } from './limits.ts';
import { outcomeOf, stoppedVerdict, type Verdict } from './outcome.ts';
import type { Processor } from './processor.ts';
import { keptMessage, Work } from './work.ts';

/** A message whose sender waits for what becomes of it. */
export class InlineWork extends Work {
  override readonly lane = 'inline';
  readonly waiter: ReceiptWaiter;
  readonly tag: number;

  constructor(message: Message, address: DeviceAddress, waiter: ReceiptWaiter, tag: number, enteredAt: number) {
    super(message, address, enteredAt);
    this.waiter = waiter;
    this.tag = tag;
  }
}

/** Processes messages at once and answers with the outcome. What is rejected is in the dead letters before the answer leaves. */
export class InlineLane {
  readonly #processor: Processor;
  readonly #deadLetters: DeadLetters;
  readonly #finished: (work: Work, verdict: Verdict) => void;
  readonly #clock: Clock;
  readonly #limits: PipelineLimits;
  readonly #lane: Lane<InlineWork>;
  #messages = 0;
  /** How long the first message of the batch that was finished last had been here. */
  latencyMs = 0;
  /** Batches that were finished. */
  batches = 0;
  #bytes = 0;

  constructor(
    processor: Processor,
    deadLetters: DeadLetters,
    finished: (work: Work, verdict: Verdict) => void,
    clock: Clock,
    limits: PipelineLimits,
  ) {
    this.#processor = processor;
    this.#deadLetters = deadLetters;
    this.#finished = finished;
    this.#clock = clock;
    this.#limits = limits;
    this.#lane = new Lane(
      (batch) => this.#process(batch),
      (batch) => this.#finish(batch),
      limits,
    );
  }

  /** Messages in work, with those that wait for their device. */
  get size(): number {
    return this.#messages;
  }

  /** From 0 to 1: how much of the room for messages and bytes is taken. */
  get load(): number {
    return Math.max(this.#messages / this.#limits.inlineMessagesMax, this.#bytes / this.#limits.inlineBytesMax);
  }

  idle(): Promise<void> {
    return this.#lane.idle();
  }

  /** Makes room for a message; where there is none it is answered with `quota_exceeded` and this with false. */
  reserve(bytes: number, waiter: ReceiptWaiter, tag: number): boolean {
    const { inlineMessagesMax, inlineBytesMax } = this.#limits;
    if (this.#messages >= inlineMessagesMax) waiter.receipt(tag, full('inlineMessagesMax', inlineMessagesMax));
    else if (this.#bytes + bytes > inlineBytesMax) waiter.receipt(tag, full('inlineBytesMax', inlineBytesMax));
    else {
      this.#messages++;
      this.#bytes += bytes;
      return true;
    }
    return false;
  }

  release(bytes: number): void {
    this.#messages--;
    this.#bytes -= bytes;
  }

  take(message: Message, address: DeviceAddress, waiter: ReceiptWaiter, tag: number): void {
    if (!this.reserve(message.payload.length, waiter, tag)) return;
    this.#lane.push(new InlineWork(keptMessage(message), address, waiter, tag, this.#clock.turn()));
  }

  async #process(batch: readonly InlineWork[]): Promise<void> {
    await this.#processor.process(batch);
    const rejected = batch.filter((work) => isBuried(work, work.verdict as Verdict));
    if (rejected.length > 0) await Promise.all(rejected.map((work) => this.#bury(work)));
  }

  /** Without its place in the dead letters the message would be gone: the sender is told to try again instead. */
  async #bury(work: InlineWork): Promise<void> {
    const verdict = work.verdict as Verdict;
    if (verdict.kind === 'stored') return;
    try {
      await this.#deadLetters.bury(work.message, deathReport(work, verdict));
    } catch (cause) {
      const { message } = toSluiceError(cause);
      const problem = `Cannot keep the rejected message (${verdict.error.message}): ${message}`;
      work.verdict = stoppedVerdict('store', new SluiceError('storage_failed', problem, { cause }));
    }
  }

  #finish(batch: readonly InlineWork[]): void {
    this.batches++;
    this.latencyMs = this.#clock.now() - batch[0].enteredAt;
    for (const work of batch) {
      const verdict = work.verdict as Verdict;
      this.release(work.message.payload.length);
      this.#finished(work, verdict);
      if (verdict.kind === 'stored') work.waiter.receipt(work.tag, undefined, verdict.outcome);
      else work.waiter.receipt(work.tag, verdict.error, outcomeOf(verdict));
    }
  }
}

function full(limit: string, value: number): SluiceError {
  const message = `Try again later: the pipeline has as much in work as ${limit} allows (${value})`;
  return new SluiceError('quota_exceeded', message, { detail: { limit } });
}
