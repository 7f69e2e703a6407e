import { SluiceError } from '../../../errors.ts';
import type { MovePreview, MoveSpec, MoveStatus } from '../../move-spec.ts';
import type { EngineContext } from '../context.ts';
import type { Registry } from '../registry.ts';
import {
  decodeMovePart,
  encodeMovePart,
  endOfMoveKeys,
  firstMoveKey,
  type MoveOrder,
  type MoveProgress,
  moveKey,
} from './move-row.ts';
import { checkSource, type MoveSource, moveSourceOf } from './move-source.ts';
import { MoveTask } from './move-task.ts';
import { preview } from './preview.ts';
import { Transfer } from './transfer.ts';

/** Moves that run at the same time. */
export const runningMovesMax = 16;
/** Moves that have ended and can still be asked for. */
export const endedMovesMax = 100;

/** Every move that runs, and the last that ended. */
export class Moves {
  readonly #context: EngineContext;
  readonly #registry: Registry;
  /** By id, which is the order in which they began. */
  readonly #tasks = new Map<string, MoveTask>();
  readonly #running = new Map<MoveTask, Promise<void>>();
  #nextId = 1;

  constructor(context: EngineContext, registry: Registry) {
    this.#context = context;
    this.#registry = registry;
  }

  /** Takes up what the disk holds, and goes on with what had not ended. */
  load(): void {
    const rows = this.#context.environment.readRange('moves', firstMoveKey, endOfMoveKeys, Number.POSITIVE_INFINITY);
    // Both rows of a move came with one commit, so they stand in pairs.
    for (let at = 0; at + 1 < rows.length; at += 2) {
      const order = decodeMovePart<MoveOrder>(rows[at].value);
      this.#add(order, decodeMovePart<MoveProgress>(rows[at + 1].value));
    }
  }

  /** Stops between two steps; what has not ended goes on after the next start. */
  stop(): Promise<unknown> {
    for (const task of this.#tasks.values()) task.stop();
    return Promise.all(this.#running.values());
  }

  async start(spec: MoveSpec): Promise<MoveStatus> {
    const source = this.#sourceOf(spec);
    const now = this.#context.clock.now();
    // A filter or an edit that cannot be is refused now, not by the task.
    new Transfer(this.#registry, source, spec, now);
    const range = source.range(spec);
    const { start, end, total } = range instanceof Promise ? await range : range;
    this.#refuseMore();
    const order = {
      id: this.#nextId,
      spec,
      startedAt: now,
      sourceId: source.queue.id,
      end,
      total,
    };
    const { commit } = this.#context;
    commit.put('moves', moveKey(order.id, 'order'), encodeMovePart(order));
    commit.put('moves', moveKey(order.id, 'progress'), encodeMovePart(nothingMoved(start)));
    const task = this.#add(order, nothingMoved(start));
    this.#forgetOldest();
    await commit.flushed();
    return task.status;
  }

  async preview(spec: MoveSpec): Promise<MovePreview> {
    const source = this.#sourceOf(spec);
    const transfer = new Transfer(this.#registry, source, spec, this.#context.clock.now());
    return preview(transfer, await source.range(spec), spec.limit);
  }

  async status(id: string, waitMs: number): Promise<MoveStatus> {
    const task = this.#require(id);
    if (waitMs > 0 && !task.hasEnded) await this.#endedWithin(task, waitMs);
    const { status } = task;
    // What is told is on disk.
    await this.#context.commit.flushed();
    return status;
  }

  async list(): Promise<readonly MoveStatus[]> {
    const all = [...this.#tasks.values()].reverse().map(({ status }) => status);
    await this.#context.commit.flushed();
    return all;
  }

  cancel(id: string): Promise<MoveStatus> {
    this.#require(id).cancel();
    return this.status(id, 0);
  }

  async resume(id: string): Promise<MoveStatus> {
    const cancelled = this.#require(id);
    // It may be on its way to its end still, and runs once at a time.
    if (cancelled.hasEnded) await this.#running.get(cancelled);
    const task = this.#require(id);
    if (task.hasEnded) {
      this.#refuseMore();
      task.resume();
      this.#run(task);
    }
    return this.status(id, 0);
  }

  #refuseMore(): void {
    if (this.#running.size < runningMovesMax) return;
    throw new SluiceError('quota_exceeded', `Wait for a move to end, or cancel one: ${runningMovesMax} run already`);
  }

  #add(order: MoveOrder, progress: MoveProgress): MoveTask {
    const task = new MoveTask(order, progress, this.#registry, this.#context);
    this.#tasks.set(String(order.id), task);
    this.#nextId = Math.max(this.#nextId, order.id + 1);
    if (!task.hasEnded) this.#run(task);
    return task;
  }

  #run(task: MoveTask): void {
    const running = task
      .run()
      .catch((problem) => {
        this.#context.log.error('A move stopped and goes on after a restart', { move: task.order.id, problem });
      })
      .finally(() => {
        this.#running.delete(task);
        this.#forgetOldest();
      });
    this.#running.set(task, running);
  }

  #forgetOldest(): void {
    const ended = [...this.#tasks.values()].filter(({ hasEnded }) => hasEnded);
    for (const { order } of ended.slice(0, Math.max(0, ended.length - endedMovesMax))) {
      this.#tasks.delete(String(order.id));
      this.#context.commit.remove('moves', moveKey(order.id, 'order'));
      this.#context.commit.remove('moves', moveKey(order.id, 'progress'));
    }
  }

  #endedWithin(task: MoveTask, waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#context.clock.after(waitMs, resolve);
      void task.ended.then(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  #sourceOf(spec: MoveSpec): MoveSource {
    const { from, to, rate, limit, copy } = spec;
    if (rate !== undefined && rate <= 0) throw tooLow('a rate', rate);
    if (limit !== undefined && limit < 1) throw tooLow('a limit', limit);
    const source = this.#registry.require(from);
    checkSource(spec, source);
    if (to !== undefined && this.#registry.require(to) === source) {
      const act = copy ? `copy log "${from}" into` : `move from queue "${from}" to`;
      throw new SluiceError('invalid_argument', `Cannot ${act} itself: name another queue`);
    }
    return moveSourceOf(source);
  }

  #require(id: string): MoveTask {
    const task = this.#tasks.get(id);
    if (task !== undefined) return task;
    throw new SluiceError('not_found', `Cannot find move "${id}": it never was, or is among those long ended`);
  }
}

function tooLow(what: string, met: number): SluiceError {
  return new SluiceError('invalid_argument', `Give ${what} above 0, or none: met ${met}`);
}

function nothingMoved(start: number): MoveProgress {
  return {
    state: 'running',
    endedAt: undefined,
    cursor: start,
    scanned: 0,
    matched: 0,
    moved: 0,
    superseded: 0,
    skipped: [],
    reason: undefined,
  };
}
