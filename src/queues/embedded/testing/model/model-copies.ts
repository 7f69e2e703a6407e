import assert from 'node:assert/strict';
import type { GroupStart } from '../../../group-start.ts';
import type { MoveSpec } from '../../../move-spec.ts';
import type { MoveProgress } from '../../move/move-row.ts';
import type { TestEngine } from '../test-engine.ts';
import type { CopiedLog, LoggedMessage } from './copied-log.ts';
import type { History } from './history.ts';
import { digitOf } from './published.ts';
import type { ReferenceQueue } from './reference-queue.ts';

interface CopiesParts {
  readonly under: TestEngine;
  readonly history: History;
  readonly now: number;
  readonly log: CopiedLog;
  /** Rows go of which the reference is told afterwards. */
  readonly isPurging: boolean;
  readonly moves: { nextId(): string; cameLate(id: string): void };
  queue(name: string): ReferenceQueue;
}

/** What a copy is asked to do. */
export interface CopyRequest {
  readonly from: string;
  readonly to: string;
  readonly start: GroupStart;
  readonly end: GroupStart;
  readonly digit: string | undefined;
  readonly rate: number | undefined;
  readonly limit: number | undefined;
  /** Whether what comes is marked as a copy; otherwise it comes byte for byte. */
  readonly isMarked: boolean;
  /** Whether what comes does not expire, and so comes also where it has expired in the log. */
  readonly isSpared: boolean;
}

/** A copy as the reference sees it. */
interface ModelCopy {
  readonly request: CopyRequest;
  /** By the ids under which they come, in the order of the log. */
  readonly meant: ReadonlyMap<string, LoggedMessage>;
  readonly arrived: Set<string>;
  /** Could not come. */
  readonly left: Set<string>;
  /** Have come, and no row of the copy has counted them yet. */
  readonly uncounted: Set<string>;
}

/**
 * Takes over what copies bring. A copy goes on in turns of its own; up to where it has come stands in a row of the commit that has its messages,
 * and all that are meant up to there must have come, but those that could not. One that a consumer got before the row is told by `arrived`.
 */
export class ModelCopies {
  readonly running = new Map<string, ModelCopy>();
  /** Those that can be resumed. */
  readonly cancelled = new Map<string, ModelCopy>();
  /** Messages that were brought. */
  brought = 0;
  readonly #world: CopiesParts;
  /** By queue: what is below may have come already. */
  readonly #copiedTo = new Map<string, number>();
  /** When the open batch was opened. */
  #openedAt = 0;

  constructor(world: CopiesParts) {
    this.#world = world;
  }

  /** What was asked for in no part before, for a queue or for where its messages are parked. */
  uncopiedPart(to: string): { readonly start: GroupStart; readonly end: GroupStart } {
    const start = this.#copiedTo.get(queueBehind(to)) ?? 0;
    this.#copiedTo.set(queueBehind(to), this.#world.log.next);
    return { start: { sequence: start }, end: 'latest' };
  }

  async start(request: CopyRequest): Promise<void> {
    const { under, log, moves } = this.#world;
    const { start, end } = request;
    const [from, to] = [log.positionOf(start), log.positionOf(end)];
    if (from > to) {
      await assert.rejects(under.engine.startMove(specOf(request, '')), { code: 'invalid_argument' });
      return;
    }
    const id = moves.nextId();
    const mark = request.isMarked ? `/${id}` : '';
    const inRange = [...log.present.values()].filter(({ sequence }) => sequence >= from && sequence < to);
    const meant = inRange.filter((each) => digitOf(each.id).endsWith(request.digit ?? ''));
    this.running.set(id, {
      request,
      meant: new Map(meant.map((each) => [each.id + mark, each])),
      arrived: new Set(),
      left: new Set(),
      uncounted: new Set(),
    });
    // Its answer comes when it is on disk, and nothing else is done before.
    const status = await under.engine.startMove(specOf(request, mark));
    assert.deepEqual([status.id, status.total], [id, inRange.length]);
  }

  /** What it says of itself then is what has come. */
  async cancel(id: string): Promise<void> {
    const copy = this.running.get(id);
    assert.ok(copy !== undefined);
    const { copied, moved } = await this.#world.under.engine.cancelMove(id);
    assert.deepEqual({ copied, moved }, { copied: copy.arrived.size, moved: 0 });
  }

  /** It goes on with what it has not come to. */
  async resume(id: string): Promise<void> {
    const copy = this.cancelled.get(id);
    assert.ok(copy !== undefined);
    this.cancelled.delete(id);
    this.running.set(id, copy);
    assert.ok((await this.#world.under.engine.resumeMove(id)).state !== 'cancelled', `copy ${id} was not resumed`);
  }

  /** A message is in a queue where it was not before. False where no copy can have brought it. */
  arrived(id: string, to: string): boolean {
    for (const copy of this.running.values()) {
      if (copy.request.to !== to || !copy.meant.has(id) || copy.arrived.has(id) || copy.left.has(id)) continue;
      this.#comes(copy, id);
      return true;
    }
    return false;
  }

  /** A row says how far a copy has come. */
  progressed(id: string, { state, cursor, moved, matched, superseded, skipped }: MoveProgress): void {
    const copy = this.running.get(id);
    if (copy === undefined) return;
    assert.notEqual(state, 'failed', `copy ${id} failed`);
    const leftBehind = new Set(skipped.map(({ sequence }) => sequence));
    for (const [name, { sequence }] of copy.meant) {
      if (copy.arrived.has(name)) assert.ok(sequence < cursor, `${name} has come, and copy ${id} is at ${cursor}`);
      if (sequence >= cursor || copy.arrived.has(name) || copy.left.has(name)) continue;
      if (leftBehind.has(sequence)) this.#stays(copy, name);
      else if (this.#world.log.present.has(sequence)) this.#comesUnseen(copy, name);
    }
    copy.uncounted.clear();
    const counts = { moved, matched, left: matched - moved };
    const expected = { moved: copy.arrived.size, matched: copy.arrived.size + copy.left.size, left: copy.left.size };
    assert.deepEqual(counts, expected, `what copy ${id} counts`);
    assert.ok((superseded ?? 0) <= copy.left.size);
    if (state === 'done' || state === 'cancelled') this.#ended(id, copy, state);
  }

  /** All rows of a batch were told. */
  rowsTold(): void {
    for (const [id, { uncounted }] of this.running) {
      assert.deepEqual([...uncounted], [], `came by copy ${id}, whose row does not count them in the same commit`);
    }
    this.#openedAt = this.#world.now;
  }

  /** What came into memory and was counted nowhere comes again. */
  reopened(): void {
    for (const { arrived, uncounted } of this.running.values()) {
      for (const id of uncounted) arrived.delete(id);
      uncounted.clear();
    }
  }

  #comes(copy: ModelCopy, id: string): void {
    const { history, isPurging } = this.#world;
    const { to, isSpared } = copy.request;
    const { expiresAt = 0 } = copy.meant.get(id) ?? {};
    const queue = this.#world.queue(to);
    assert.ok(isSpared || expiresAt > this.#openedAt, `${id} came by a copy when its time was over`);
    const mayHaveRoom = queue.room.mayHaveRoom || isPurging || queue.mayHaveMoreRoom;
    assert.ok(mayHaveRoom, `${id} came by a copy into ${to}, which is full`);
    queue.enqueue({ id, expiresAt: isSpared ? Number.POSITIVE_INFINITY : expiresAt, isNewest: true });
    copy.arrived.add(id);
    copy.uncounted.add(id);
    this.brought++;
    history.add(() => {
      copy.arrived.delete(id);
      copy.uncounted.delete(id);
      this.brought--;
    });
  }

  /** Nobody has told of it, so a newer value may have come and gone since. */
  #comesUnseen(copy: ModelCopy, id: string): void {
    this.#comes(copy, id);
    if (this.#world.queue(copy.request.to).values.conflates) this.#world.moves.cameLate(id);
  }

  #stays(copy: ModelCopy, id: string): void {
    const { history, now } = this.#world;
    const { to, isSpared } = copy.request;
    const hasExpired = !isSpared && (copy.meant.get(id)?.expiresAt ?? 0) <= now;
    assert.ok(hasExpired || this.#world.queue(to).values.mayHaveNewer(id), `${id} was not copied, and could have been`);
    copy.left.add(id);
    history.add(() => copy.left.delete(id));
  }

  #ended(id: string, copy: ModelCopy, state: 'done' | 'cancelled'): void {
    const { log, history } = this.#world;
    const { meant, arrived, left, request } = copy;
    if (state === 'done' && arrived.size !== request.limit) {
      const missing = [...meant].filter(([name, { sequence }]) => log.present.has(sequence) && !arrived.has(name));
      assert.ok(
        missing.every(([name]) => left.has(name)),
        `copy ${id} is done without ${missing.map(([name]) => name)}`,
      );
    }
    this.running.delete(id);
    if (state === 'cancelled') this.cancelled.set(id, copy);
    history.add(() => {
      this.cancelled.delete(id);
      this.running.set(id, copy);
    });
  }
}

/** Two that messages go between are one. */
function queueBehind(name: string): string {
  return name.replace(/\..*/, '');
}

function specOf(request: CopyRequest, mark: string): MoveSpec {
  const { from, to, start, end, digit, rate, limit, isMarked, isSpared } = request;
  const marking = isMarked ? { setUserProperties: [['copy', mark]] as const } : {};
  const edit = { ...marking, ...(isSpared ? { expirySeconds: null } : {}) };
  const given = { filter: digit === undefined ? undefined : { headers: { digit } }, rate, limit };
  const isEdited = Object.keys(edit).length > 0;
  return { from, to, copy: true, start: textOf(start), end: textOf(end), ...(isEdited ? { edit } : {}), ...given };
}

function textOf(place: GroupStart): string {
  if (typeof place === 'string') return place;
  return 'sequence' in place ? String(place.sequence) : new Date(place.timeMs).toISOString();
}
