import assert from 'node:assert/strict';
import type { RowBatch } from '../../../../storage/row-batch.ts';
import type { MoveProgress } from '../../move/move-row.ts';
import { endedMovesMax } from '../../move/moves.ts';
import { messageOf } from '../../record.ts';
import type { TestEngine } from '../test-engine.ts';
import type { History } from './history.ts';
import type { ModelCopies } from './model-copies.ts';
import { digitOf, idOf } from './published.ts';
import type { ReferenceLine } from './reference-line.ts';
import type { ReferenceQueue } from './reference-queue.ts';

interface MovesParts {
  readonly under: TestEngine;
  readonly history: History;
  readonly now: number;
  readonly queues: ReadonlyMap<string, ReferenceQueue>;
  readonly line: ReferenceLine;
  /** Rows go of which the reference is told afterwards. */
  readonly isPurging: boolean;
  readonly copies: ModelCopies;
  queue(name: string): ReferenceQueue;
}

/** A move as the reference sees it: which messages it may take, from where to where. */
interface ModelMove {
  readonly id: string;
  readonly from: string;
  readonly to: string;
  /** What was there when it began: it takes what stands in their places when it comes by. */
  readonly places: ReadonlySet<string>;
  /** Of its id; empty where all are meant. */
  readonly digit: string;
}

const endOfQueues = Buffer.alloc(5, 0xff);

/**
 * Takes over what moves do, when they do it. A move goes on in turns of its own, so which messages went is read from the rows
 * that its commit writes; a message that a consumer got before its rows were written is told by `arrived`.
 */
export class ModelMoves {
  readonly running = new Map<string, ModelMove>();
  /** Those that can be resumed. */
  readonly cancelled = new Map<string, ModelMove>();
  /** Those of which not all may have been told. */
  readonly #ended = new Set<ModelMove>();
  /** Came where no row told of it, so that a newer one may have come before it was known. */
  readonly #late = new Set<string>();
  readonly #world: MovesParts;
  readonly #names = new Map<number, string>();
  #next = 1;

  constructor(world: MovesParts) {
    this.#world = world;
  }

  /** Which queue a row belongs to. */
  learnNames(): void {
    const { environment } = this.#world.under;
    for (const { key, value } of environment.readRange('queues', Buffer.alloc(1), endOfQueues, 100)) {
      this.#names.set(key.readUInt32BE(), JSON.parse(value.toString()).name);
    }
  }

  async start(from: string, to: string, digit: string | undefined, rate: number | undefined): Promise<void> {
    const { under, history, line } = this.#world;
    // One that waited for room may have come in, and nobody has told yet.
    const arriving = line.all.filter(({ names }) => names.includes(from)).map(({ id }) => id);
    const places = new Set([...[...this.#world.queue(from).messages.values()].map(({ place }) => place), ...arriving]);
    const filter = digit === undefined ? {} : { headers: { digit } };
    const edit = { setUserProperties: [['moved', 'yes']] } as const;
    const started = under.engine.startMove({ from, to, filter, edit, ...(rate === undefined ? {} : { rate }) });
    const id = this.nextId();
    this.running.set(id, { id, from, to, places, digit: digit ?? '' });
    history.add(() => {
      this.running.delete(id);
      this.#next = Number(id);
    });
    assert.equal((await started).id, id);
  }

  /** Of the move or copy that begins now. */
  nextId(): string {
    return String(this.#next++);
  }

  /** Whether the engine has it still: of those that have ended it forgets the oldest. */
  isKept(id: string): boolean {
    return this.#next - Number(id) <= endedMovesMax;
  }

  /** It goes on with what it has not looked at; what it may take is as it was. */
  async resume(id: string): Promise<void> {
    const move = this.cancelled.get(id);
    assert.ok(move !== undefined);
    this.cancelled.delete(id);
    this.running.set(id, move);
    // Its answer comes when it is on disk, and nothing else is done before.
    assert.ok((await this.#world.under.engine.resumeMove(id)).state !== 'cancelled', `move ${id} was not resumed`);
  }

  /** Whether something may have gone into memory and out of an open batch, so that no row tells of it. */
  get hasEndedUntold(): boolean {
    return this.#ended.size + this.#late.size > 0;
  }

  /** It came, and this was learnt afterwards. */
  cameLate(id: string): void {
    this.#late.add(id);
  }

  /** All queues were looked at. */
  allTold(): void {
    this.#ended.clear();
    this.#late.clear();
  }

  /** It was looked for and is not in the queue. */
  notFound(id: string, queue: ReferenceQueue): void {
    const mayBeGone = (this.#late.has(id) && queue.values.conflates) || queue.mayBeDropped(id);
    if (mayBeGone && queue.messages.has(id) && !queue.isHeld(id)) queue.leave(id);
  }

  /** What is to be written and is not was over before, and left nothing. */
  #unwrittenDropped(queue: ReferenceQueue): void {
    for (const { id, isWritten, row, deadline } of [...queue.messages.values()]) {
      if (isWritten && row === undefined && deadline === undefined && queue.mayBeDropped(id)) queue.leave(id);
    }
  }

  takeFrom(name: string): boolean {
    return [...this.running.values()].some(({ from }) => from === name);
  }

  /** Whether a move may have taken the message in this turn, so that its rows are still to be written. */
  mayTake(from: string, id: string): boolean {
    for (const move of this.running.values()) if (move.from === from && this.#means(move, id)) return true;
    return false;
  }

  /** A message is in a queue where it was not before. `isNew`: it came in this transaction, so no newer value was there before. */
  arrived(id: string, to: string, isNew = true): void {
    if (this.#world.copies.arrived(id, to)) return;
    for (const move of [...this.running.values(), ...this.#ended]) {
      const from = this.#world.queue(move.from);
      const gone = move.to === to && this.#means(move, id) ? from.goneElsewhere(id) : undefined;
      if (gone === undefined) continue;
      this.#world.queue(to).enqueue({ id, expiresAt: gone.expiresAt, isNewest: isNew });
      return;
    }
    this.#expired(id, to);
  }

  /** What came is learnt before what went: one commit has both. Copies tell of themselves whatever came by them. */
  began({ tables, keys, values }: RowBatch): void {
    const progressed: (readonly [id: string, progress: MoveProgress])[] = [];
    for (const [at, table] of tables.entries()) {
      const value = table === 'moves' && keys.view(at)[4] === 1 ? values[at] : undefined;
      if (value !== undefined) progressed.push([String(keys.view(at).readUInt32BE()), JSON.parse(value.toString())]);
    }
    for (const [id, progress] of progressed) this.#world.copies.progressed(id, progress);
    for (const [at, table] of tables.entries()) {
      const value = values[at];
      if (value === undefined) continue;
      if (table === 'messages') this.#rowWritten(keys.view(at), value);
    }
    for (const [at, table] of tables.entries()) {
      if (table === 'messages' && values[at] === undefined) this.#rowRemoved(keys.view(at));
    }
    this.#world.copies.rowsTold();
    for (const [id, { state }] of progressed) this.#progressed(id, state);
    for (const queue of this.#world.queues.values()) {
      queue.doubtsEnd();
      this.#unwrittenDropped(queue);
    }
  }

  #rowWritten(key: Buffer, record: Buffer): void {
    const name = this.#names.get(key.readUInt32BE());
    const queue = name === undefined ? undefined : this.#world.queues.get(name);
    if (name === undefined || queue === undefined) return;
    const id = idOf(messageOf(record));
    const known = queue.messages.get(id);
    // Its row is written already, so this is the one of its return: it left in the meantime.
    if (known?.row !== undefined && known.row !== key.toString('hex')) this.#leftFor(id, name);
    // One that waited for room may have been too old when it came in, and have died at once.
    if (!queue.messages.has(id)) this.#world.line.arrived(id);
    if (!queue.messages.has(id)) this.arrived(id, name);
    queue.written(id, key.toString('hex'), record.length);
  }

  /**
   * What nobody has told of was the older one of its key after a restart, or went by a move and has no row where it went:
   * something newer took its place there at once, or nothing is written there.
   */
  #rowRemoved(key: Buffer): void {
    const name = this.#names.get(key.readUInt32BE());
    const queue = name === undefined ? undefined : this.#world.queues.get(name);
    const id = queue?.idOf(key.toString('hex'));
    if (name === undefined || queue === undefined || id === undefined) return;
    this.#leftFor(id, name, (to) => to.values.conflates || to.options.durability === 'memory');
    this.cameLate(id);
    // The newer one may have come and gone since.
    const mayBeDropped = queue.values.conflates || queue.mayBeDropped(id);
    if (mayBeDropped && queue.messages.has(id) && !this.#world.isPurging) queue.leave(id);
  }

  #leftFor(id: string, from: string, mayGoTo: (to: ReferenceQueue) => boolean = () => true): void {
    for (const move of [...this.running.values()]) {
      if (move.from !== from || !this.#means(move, id) || !mayGoTo(this.#world.queue(move.to))) continue;
      this.arrived(id, move.to);
    }
  }

  #means({ from, places, digit }: ModelMove, id: string): boolean {
    return digitOf(id).endsWith(digit) && places.has(this.#world.queue(from).placeOf(id));
  }

  /** One whose time was over died without anybody's doing. */
  #expired(id: string, to: string): void {
    const dead = this.#world.queue(to);
    for (const queue of this.#world.queues.values()) {
      const gone = queue.dead === dead && queue.isOver(id) ? queue.goneElsewhere(id) : undefined;
      if (gone !== undefined) dead.enqueue({ id, expiresAt: gone.expiresAt });
    }
  }

  #progressed(id: string, state: MoveProgress['state']): void {
    const move = this.running.get(id);
    if (move === undefined || state === 'running' || state === 'waiting') return;
    assert.notEqual(state, 'failed', `move ${id} failed`);
    this.running.delete(id);
    this.#ended.add(move);
    if (state === 'cancelled') this.cancelled.set(id, move);
    this.#world.history.add(() => {
      this.cancelled.delete(id);
      this.running.set(id, move);
    });
  }
}
