import { toSluiceError } from '../errors.ts';
import { StepTimes } from './step-times.ts';
import { recall } from './steps/recall.ts';
import type { Step, StepContext } from './steps/step.ts';
import { decodeSteps, lastStep, lastStepOfRehearsal } from './steps.ts';
import { going, type Work } from './work.ts';

/** Takes batches of messages through the steps. Every work has a verdict afterwards; a bad message costs only itself. */
export class Processor {
  /** Of `process` alone. */
  readonly times = new StepTimes();
  readonly #context: StepContext;
  readonly #rehearsalContext: StepContext;
  /** Resolves when the batch before was handed to the store. */
  #handedOver: Promise<void> = Promise.resolve();

  constructor(context: StepContext) {
    this.#context = context;
    this.#rehearsalContext = { ...context, firmwareSeen: () => undefined, decoded: () => undefined };
  }

  /**
   * Batches may overlap: one is decoded while another is stored. They reach the store in the order of these calls, so that
   * the order of a device's messages holds across batches.
   */
  async process(batch: readonly Work[]): Promise<void> {
    try {
      await this.#process(batch);
    } catch (problem) {
      // No step throws for what a message, a driver or the store does: this is an error in the program. Nobody may wait for ever.
      for (const work of going(batch)) work.stop('store', toSluiceError(problem));
    }
  }

  /** Gives each work the verdict that `process` would give it now, changing nothing. */
  async rehearse(batch: readonly Work[]): Promise<void> {
    await decodeAll(batch, this.#rehearsalContext);
    await run(lastStepOfRehearsal, batch, this.#rehearsalContext);
    await recall(batch, this.#rehearsalContext.readings);
  }

  /** Takes each work as far as its readings, changing nothing. What stopped on the way has a verdict. */
  async decode(batch: readonly Work[]): Promise<void> {
    await decodeAll(batch, this.#rehearsalContext);
  }

  async #process(batch: readonly Work[]): Promise<void> {
    const before = this.#handedOver;
    const handOver = Promise.withResolvers<void>();
    this.#handedOver = handOver.promise;
    let stored: void | Promise<void>;
    let recalled: Promise<void> | undefined;
    try {
      await decodeAll(batch, this.#context, this.times);
      await before;
      stored = timed(lastStep, batch, this.#context, this.times);
      recalled = recall(batch, this.#context.readings);
    } finally {
      handOver.resolve();
    }
    await stored;
    await recalled;
  }
}

async function decodeAll(batch: readonly Work[], context: StepContext, times?: StepTimes): Promise<void> {
  for (const step of decodeSteps) {
    const running = times === undefined ? run(step, batch, context) : timed(step, batch, context, times);
    if (running !== undefined) await running;
  }
}

function timed(step: Step, batch: readonly Work[], context: StepContext, times: StepTimes): void | Promise<void> {
  const works = going(batch);
  if (works.length === 0) return undefined;
  const from = performance.now();
  const record = (): void => times.record(step.name, from, performance.now());
  const running = step.run(works, context);
  if (running !== undefined) return running.then(record);
  record();
}

function run(step: Step, batch: readonly Work[], context: StepContext): void | Promise<void> {
  const works = going(batch);
  return works.length === 0 ? undefined : step.run(works, context);
}
