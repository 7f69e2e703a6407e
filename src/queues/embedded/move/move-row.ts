import type { MoveSpec, MoveStatus, SkippedMessage } from '../../move-spec.ts';

/** What a move is to do, as it was begun. It never changes. */
export interface MoveOrder {
  readonly id: number;
  readonly spec: MoveSpec;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  /** The queue by its number: one that was made anew under the same name is another. */
  readonly sourceId: number;
  /** No sequence from here on is looked at: what comes in the meantime is not meant, nor what dies once more. */
  readonly end: number;
  readonly total: number;
}

/** How far it has come. It changes in the commit that moves what it counts. */
export interface MoveProgress {
  state: MoveStatus['state'];
  endedAt: number | undefined;
  /** Everything below this sequence was looked at. */
  cursor: number;
  scanned: number;
  matched: number;
  /** Those that are where they were to go, moved or copied. */
  moved: number;
  /** Not there in the row of a move that began before there was such a count. */
  superseded?: number;
  skipped: SkippedMessage[];
  reason: string | undefined;
}

/** Rows of a move: the order may be long and is written once, the progress is short and is written at every step. */
type MovePart = 'order' | 'progress';

const partCodes: Readonly<Record<MovePart, number>> = { order: 0, progress: 1 };

export function moveKey(id: number, part: MovePart): Buffer {
  const key = Buffer.allocUnsafe(5);
  key.writeUInt32BE(id);
  key[4] = partCodes[part];
  return key;
}

export const firstMoveKey = Buffer.alloc(1);
export const endOfMoveKeys = Buffer.alloc(6, 0xff);

export function encodeMovePart(part: MoveOrder | MoveProgress): Buffer {
  return Buffer.from(JSON.stringify(part));
}

export function decodeMovePart<T extends MoveOrder | MoveProgress>(value: Buffer): T {
  return JSON.parse(value.toString());
}

export function statusOf({ id, spec, startedAt, total }: MoveOrder, progress: MoveProgress): MoveStatus {
  const { state, endedAt, scanned, matched, moved, superseded = 0, skipped, reason } = progress;
  const copies = spec.copy === true;
  return {
    id: String(id),
    spec,
    state,
    startedAt,
    endedAt,
    scanned,
    total,
    matched,
    moved: copies ? 0 : moved,
    copied: copies ? moved : 0,
    superseded,
    skipped: [...skipped],
    reason,
  };
}
