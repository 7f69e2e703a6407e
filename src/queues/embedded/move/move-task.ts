import { SluiceError, toSluiceError } from '../../../errors.ts';
import type { BatchWriter, StagedWrite } from '../../../storage/staged-write.ts';
import type { MoveStatus } from '../../move-spec.ts';
import { queueNotFound } from '../admission.ts';
import type { EngineContext } from '../context.ts';
import type { Registry } from '../registry.ts';
import type { Found } from '../scan.ts';
import { MovePace } from './move-pace.ts';
import { encodeMovePart, type MoveOrder, type MoveProgress, moveKey, statusOf } from './move-row.ts';
import { moveSourceOf } from './move-source.ts';
import { type Plan, Transfer } from './transfer.ts';

/** Skipped messages that a status lists. */
export const skippedListedMax = 100;
/** How long a move waits before it looks again whether there is room. */
const roomWaitMs = 1_000;

/**
 * A move as it goes: step by step, each in one turn and so in one commit with the progress that counts it. Whatever moment
 * the process dies at, a message is in one of the two queues, and the task goes on where its last commit was. What is copied
 * out of a log has its cursor in the same commit, and so comes once.
 */
export class MoveTask implements StagedWrite {
  readonly order: MoveOrder;
  readonly #registry: Registry;
  readonly #context: EngineContext;
  readonly #progress: MoveProgress;
  readonly #pace: MovePace;
  #ended = Promise.withResolvers<void>();
  #staged = false;
  #stopping = false;
  #interrupt: () => void = () => undefined;

  constructor(order: MoveOrder, progress: MoveProgress, registry: Registry, context: EngineContext) {
    this.order = order;
    this.#registry = registry;
    this.#context = context;
    this.#progress = progress;
    this.#pace = new MovePace(order.spec.rate, context.clock.now());
    if (progress.endedAt !== undefined) this.#ended.resolve();
  }

  get status(): MoveStatus {
    return statusOf(this.order, this.#progress);
  }

  get hasEnded(): boolean {
    return this.#progress.endedAt !== undefined;
  }

  /** Resolves when the task has ended and that is on disk. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Goes on until the end, or until `stop`. Rejects where storage fails: then the task goes on after a restart. */
  async run(): Promise<void> {
    while (!this.hasEnded && !this.#stopping) {
      const waitMs = await this.#advance();
      if (waitMs > 0) await this.#wait(waitMs);
    }
    await this.#context.commit.flushed();
    if (this.hasEnded) this.#ended.resolve();
  }

  cancel(): void {
    if (!this.hasEnded) this.#end('cancelled');
    this.#interrupt();
  }

  /** Makes one that was cancelled or failed ready to run from where it was. Throws `conflict` where nothing is left of it. */
  resume(): void {
    if (this.#progress.state === 'done') {
      throw new SluiceError('conflict', `Start another move: move "${this.order.id}" did all that it was to do`);
    }
    this.#ended = Promise.withResolvers();
    this.#progress.state = 'running';
    this.#progress.reason = undefined;
    this.#progress.endedAt = undefined;
    this.#stage();
  }

  /** Takes no further step. */
  stop(): void {
    this.#stopping = true;
    this.#interrupt();
  }

  write(batch: BatchWriter): void {
    this.#staged = false;
    batch.put('moves', moveKey(this.order.id, 'progress'), encodeMovePart(this.#progress));
  }

  /** Goes as far as it can; answers how long to wait before going on. */
  async #advance(): Promise<number> {
    const { spec, sourceId, end, startedAt } = this.order;
    const found = this.#registry.find(spec.from);
    if (found === undefined || found.id !== sourceId) {
      this.#end('failed', queueNotFound(spec.from).message);
      return 0;
    }
    const source = moveSourceOf(found);
    let waitMs = 0;
    try {
      const transfer = new Transfer(this.#registry, source, spec, startedAt);
      await transfer.ready();
      await source.scan(this.#progress.cursor, end, (found) => {
        waitMs = this.#step(transfer, found);
        return waitMs === 0 && !this.hasEnded && !this.#stopping;
      });
    } catch (problem) {
      if (this.#context.commit.failure !== undefined) throw problem;
      this.#end('failed', toSluiceError(problem).message);
    }
    if (waitMs === 0 && !found.closed && !this.hasEnded && !this.#stopping) this.#end('done');
    return waitMs;
  }

  #step(transfer: Transfer, found: readonly Found[]): number {
    const { limit = Number.POSITIVE_INFINITY, to } = this.order.spec;
    if (this.hasEnded || this.#stopping) return 0;
    if (to !== undefined && this.#registry.find(to) === undefined) {
      this.#end('failed', queueNotFound(to).message);
      return 0;
    }
    for (const each of found) {
      const plan = transfer.plan(each);
      const waitMs = this.#waitBefore(plan);
      if (waitMs > 0) return waitMs;
      this.#pass(transfer, each, plan);
      if (this.#progress.moved >= limit) {
        this.#end('done');
        return 0;
      }
    }
    return 0;
  }

  /** How long until the message can go: for its turn, or until the next look at where it has no room. */
  #waitBefore(plan: Plan | undefined): number {
    if (plan === undefined || plan.kind === 'left') return 0;
    // What is moved makes as much room as it takes; what is copied would use up what is kept free for those who remove.
    const refusal = this.order.spec.copy === true ? this.#context.commit.refusal : undefined;
    if (refusal !== undefined) return this.#waitForRoom(refusal.message);
    if (plan.kind === 'go') return this.#pace.waitMs(this.#context.clock.now());
    return this.#waitForRoom(
      `Queue "${plan.target.name}" is full: make room in it, raise its limits, or cancel the move`,
    );
  }

  #waitForRoom(reason: string): number {
    this.#progress.state = 'waiting';
    this.#progress.reason = reason;
    return roomWaitMs;
  }

  #pass(transfer: Transfer, found: Found, plan: Plan | undefined): void {
    const progress = this.#progress;
    progress.cursor = found.sequence + 1;
    progress.scanned++;
    if (plan === undefined) return;
    progress.matched++;
    if (plan.kind === 'left') {
      if (plan.isSuperseded) progress.superseded = (progress.superseded ?? 0) + 1;
      if (progress.skipped.length < skippedListedMax) {
        progress.skipped.push({ sequence: found.sequence, reason: plan.reason });
      }
      return;
    }
    transfer.apply(found, plan.target, plan.record);
    this.#pace.passed(this.#context.clock.now());
    progress.moved++;
    progress.state = 'running';
    progress.reason = undefined;
    this.#stage();
  }

  #end(state: 'done' | 'cancelled' | 'failed', reason?: string): void {
    this.#progress.state = state;
    this.#progress.reason = reason;
    this.#progress.endedAt = this.#context.clock.now();
    this.#stage();
  }

  #stage(): void {
    if (this.#staged) return;
    this.#staged = true;
    this.#context.commit.stage(this);
  }

  async #wait(ms: number): Promise<void> {
    if (this.hasEnded || this.#stopping) return;
    const interrupted = Promise.withResolvers<void>();
    this.#interrupt = interrupted.resolve;
    const timer = this.#context.clock.after(ms, interrupted.resolve);
    await interrupted.promise;
    timer.cancel();
  }
}
