import type { Row } from '../../storage/environment.ts';
import type { BrowsePage, BrowseRequest, MessageState, StoredMessage } from '../engine.ts';
import type { Entry } from './entry.ts';
import { laneOfMessageKey, messageKey, sequenceOfMessageKey, sequenceOfStateKey, stateKey } from './keys.ts';
import type { Lanes } from './lanes.ts';
import type { QueueCore } from './queue-core.ts';
import { damageOf, deathOf, enqueuedAtOf, messageOf } from './record.ts';
import type { Schedule } from './schedule.ts';
import type { StoredRow } from './stored-row.ts';
import { State } from './transitions.ts';
import { decodeWaiting } from './waiting.ts';

/** A queue whose messages can be looked at where they are. */
export interface ScannedQueue extends QueueCore {
  readonly lanes: Lanes;
  readonly schedule: Schedule;
}

/** A message as a scan meets it: an entry where it is in memory, else its rows. */
export interface Found extends StoredRow {
  readonly entry: Entry | undefined;
}

/** Messages and bytes that one step of a scan looks at before it lets others run. */
export const scanMessagesMax = 512;
export const scanBytesMax = 1024 * 1024;

/** Messages that one `browse` looks at; a page whose `match` is rare ends here and says where to go on. */
export const browseMessagesMax = 100_000;

/**
 * Shows what is in the queue from `from` up to, not including, `end`, in sequence order, in steps; `visit` answers whether
 * to go on. Nothing happens between the reading of a step and its visit, so what is seen there is so; between two steps
 * others run, and what the visit staged is flushed. What was there before the scan began, and still is when the scan comes
 * by, is found once.
 */
export async function scan(
  queue: ScannedQueue,
  from: number,
  end: number,
  visit: (found: readonly Found[]) => boolean,
): Promise<void> {
  const { commit } = queue.context;
  // The disk shows what is flushed, so everything up to now is brought there.
  await commit.flushed();
  for (let at = from; at < end && !queue.stopped; ) {
    const { found, next } = readStep(queue, at, end);
    at = next;
    if (!visit(found)) break;
    await new Promise((resolve) => setImmediate(resolve));
    await commit.flushed();
  }
}

export async function browse(queue: ScannedQueue, request: BrowseRequest): Promise<BrowsePage> {
  const messages: StoredMessage[] = [];
  const match = request.match ?? (() => true);
  let looked = 0;
  let next: number | undefined;
  await scan(queue, Math.max(0, request.from), queue.nextSequence, (found) => {
    for (const each of found) {
      if (messages.length >= request.limit || looked >= browseMessagesMax) {
        next = each.sequence;
        return false;
      }
      looked++;
      const stored = storedMessage(each);
      if (match(stored, queue.causes)) messages.push(stored);
    }
    return true;
  });
  return { messages, next };
}

export function storedMessage(found: Found): StoredMessage {
  const { record, waiting, sequence } = found;
  const state = storedState(found);
  return {
    sequence,
    state,
    attempts: waiting?.attempts ?? 0,
    enqueuedAt: enqueuedAtOf(record),
    availableAt: state === 'scheduled' ? waiting?.availableAt : undefined,
    lastError: waiting?.lastError,
    message: messageOf(record),
    death: deathOf(record),
  };
}

export function storedState({ entry, waiting }: Found): MessageState {
  if (entry === undefined) return waiting === undefined ? 'ready' : 'scheduled';
  if (entry.state === State.leased) return 'leased';
  return entry.state === State.scheduled ? 'scheduled' : 'ready';
}

/**
 * What is at these places, with the number of each, one by one so that the caller can stop: undefined where there is
 * nothing, and left out where nothing can be done with it now. Everything up to now must be flushed.
 */
export function* findAt(
  queue: ScannedQueue,
  places: readonly { lane: number; sequence: number }[],
): Iterable<[number, Found | undefined]> {
  const { environment } = queue.context;
  const wanted = new Set(places.map(({ sequence }) => sequence));
  const entries = new Map<number, Entry>();
  for (const entry of inMemory(queue)) if (wanted.has(entry.sequence)) entries.set(entry.sequence, entry);
  for (const [index, { lane, sequence }] of places.entries()) {
    const entry = entries.get(sequence);
    if (entry !== undefined) yield [index, foundEntry(entry)];
    if (entry !== undefined || queue.takenOnDisk.has(sequence)) continue;
    const record = environment.get('messages', messageKey(queue.id, lane, sequence));
    const state = environment.get('message-states', stateKey(queue.id, sequence));
    const row = record === undefined ? undefined : waitingRow(queue, { lane, sequence }, record, state);
    if (record === undefined) yield [index, undefined];
    else if (row !== undefined) yield* readableAt(queue, index, row);
  }
}

function* readableAt(queue: ScannedQueue, index: number, row: StoredRow): Iterable<[number, Found]> {
  const found: Found[] = [];
  addReadable(queue, row, found);
  for (const each of found) yield [index, each];
}

/** In sequence order, over all lanes; `diskEnd` is how far all of them were read. */
function readRows(queue: ScannedQueue, from: number, end: number): { rows: Row[]; diskEnd: number } {
  const { id, context, lanes } = queue;
  const bytesMax = Math.ceil(scanBytesMax / lanes.all.length);
  const rows: Row[] = [];
  let diskEnd = end;
  for (const { number } of lanes.all) {
    const [start, stop] = [messageKey(id, number, from), messageKey(id, number, diskEnd)];
    const read = context.environment.readRange('messages', start, stop, scanMessagesMax, bytesMax);
    const bytes = read.reduce((sum, row) => sum + row.value.length, 0);
    const isCut = read.length >= scanMessagesMax || bytes >= bytesMax;
    if (isCut) diskEnd = sequenceOfMessageKey(read[read.length - 1].key) + 1;
    rows.push(...read);
  }
  if (lanes.all.length === 1) return { rows, diskEnd };
  const within = rows.filter(({ key }) => sequenceOfMessageKey(key) < diskEnd);
  return { rows: within.sort((a, b) => sequenceOfMessageKey(a.key) - sequenceOfMessageKey(b.key)), diskEnd };
}

function readStep(queue: ScannedQueue, from: number, end: number): { found: Found[]; next: number } {
  const { rows, diskEnd } = readRows(queue, from, end);
  const inMemory = entriesBetween(queue, from, diskEnd);
  const cut = inMemory.length > scanMessagesMax;
  const next = cut ? inMemory[scanMessagesMax].sequence : diskEnd;
  const entries = cut ? inMemory.slice(0, scanMessagesMax) : inMemory;
  const found = entries.map(foundEntry);
  return { found: merge(found, onDiskAlone(queue, rows, entries, next)), next };
}

/** In sequence order. */
function entriesBetween(queue: ScannedQueue, from: number, end: number): Entry[] {
  const entries: Entry[] = [];
  for (const entry of inMemory(queue)) if (entry.sequence >= from && entry.sequence < end) entries.push(entry);
  return entries.sort((a, b) => a.sequence - b.sequence);
}

function* inMemory(queue: ScannedQueue): Iterable<Entry> {
  yield* queue.selector.inMemory();
  yield* queue.schedule.inMemory;
  yield* queue.delivery.held();
}

export function* foundInMemory(queue: ScannedQueue): Iterable<Found> {
  for (const entry of inMemory(queue)) yield foundEntry(entry);
}

function foundEntry(entry: Entry): Found {
  const { lane, sequence, record, waiting } = entry;
  return { lane, sequence, record, waiting, entry };
}

/**
 * Rows whose message is nowhere else: unread ones, and those whose next try is beyond the schedule's horizon. A row of
 * neither kind belongs to a message in memory, or to one that has gone and whose removal is not flushed.
 */
function onDiskAlone(queue: ScannedQueue, rows: readonly Row[], entries: readonly Entry[], next: number): Found[] {
  const states = statesBetween(queue, rows);
  const inMemory = new Set(entries.map((entry) => entry.sequence));
  const found: Found[] = [];
  for (const { key, value } of rows) {
    const sequence = sequenceOfMessageKey(key);
    if (sequence >= next) break;
    if (inMemory.has(sequence) || queue.takenOnDisk.has(sequence)) continue;
    const row = waitingRow(queue, { lane: laneOfMessageKey(key), sequence }, value, states.get(sequence));
    if (row !== undefined) addReadable(queue, row, found);
  }
  return found;
}

/** The message of a row that no entry stands for; undefined where it waits no more, or will be met by the schedule. */
function waitingRow(
  queue: ScannedQueue,
  { lane, sequence }: { lane: number; sequence: number },
  record: Buffer,
  state: Buffer | undefined,
): StoredRow | undefined {
  const waiting = state === undefined ? undefined : decodeWaiting(state);
  // The schedule finds a damaged state when the message is due: its key says when, the state does not any more.
  if (state !== undefined && waiting === undefined) return undefined;
  const waits =
    waiting === undefined
      ? queue.lanes.of(lane).backlog.isAlone(sequence)
      : queue.schedule.isAlone(waiting.availableAt, sequence);
  return waits ? { lane, sequence, record, waiting } : undefined;
}

function addReadable(queue: ScannedQueue, row: StoredRow, found: Found[]): void {
  const damage = damageOf(row.record);
  if (damage === undefined) found.push({ ...row, entry: undefined });
  else queue.damaged(row, damage);
}

function statesBetween(queue: ScannedQueue, rows: readonly Row[]): Map<number, Buffer> {
  if (rows.length === 0) return new Map();
  const from = stateKey(queue.id, sequenceOfMessageKey(rows[0].key));
  const end = stateKey(queue.id, sequenceOfMessageKey(rows[rows.length - 1].key) + 1);
  const states = queue.context.environment.readRange('message-states', from, end, Number.POSITIVE_INFINITY);
  return new Map(states.map(({ key, value }) => [sequenceOfStateKey(key), value]));
}

function merge(a: readonly Found[], b: readonly Found[]): Found[] {
  return [...a, ...b].sort((one, other) => one.sequence - other.sequence);
}
