import { isUtf8 } from 'node:buffer';
import type { HistoryRow, InboxEntry } from '../devices/store.ts';
import { SluiceError } from '../errors.ts';
import { messageIdOf } from '../pipeline/device-message.ts';
import { parseDeviceTopic } from '../pipeline/device-topic.ts';
import type { Engine, StoredMessage } from '../queues/engine.ts';
import type { HttpParts } from './http-parts.ts';

/** Where a message is, and what became of it. */
export interface Story {
  readonly deviceId: string;
  readonly messageId: string;
  /** `waiting` in the queue, `processed`, or `dead` among the dead letters. */
  readonly status: 'waiting' | 'processed' | 'dead';
  /** Its place in the queue: when it came, how often it was tried and what went wrong. */
  readonly waiting?: object;
  /** Why it was given up. */
  readonly dead?: object;
  readonly processed?: object;
  /** What it said, as in the history. */
  readonly rows: readonly HistoryRow[];
}

export interface Stories {
  readonly stories: readonly Story[];
  /** Whether everything that waits or is dead was looked at; where not, the message may be further back. */
  readonly complete: boolean;
}

/** Messages that one question looks at in each queue, oldest first. */
export const storyScannedMax = 20_000;
/** Devices that used the same id. */
const storiesMax = 100;

interface Found {
  readonly deviceId: string;
  waiting?: StoredMessage;
  dead?: StoredMessage;
  processed?: InboxEntry;
}

/** The messages with this id: of one device, or of every one. */
export async function storiesOf(
  { engine, store }: Pick<HttpParts, 'engine' | 'store'>,
  queues: { readonly waiting: string; readonly dead: string },
  messageId: string,
  deviceId: string | undefined,
): Promise<Stories> {
  const found = new Map<string, Found>();
  const of = (id: string): Found => found.get(id) ?? (found.set(id, { deviceId: id }).get(id) as Found);
  const search = { messageId, deviceId };
  // As a message goes, so that one that goes on meanwhile is met at its next place.
  const waiting = await look(engine, queues.waiting, search, (id, stored) =>
    Object.assign(of(id), { waiting: stored }),
  );
  const dead = await look(engine, queues.dead, search, (id, stored) => Object.assign(of(id), { dead: stored }));
  for (const entry of await store.readings.inbox(messageId, deviceId, storiesMax)) of(entry.deviceId).processed = entry;
  const stories = [...found.values()].slice(0, storiesMax).map(async (each) => tell(each, messageId, store));
  return { stories: await Promise.all(stories), complete: dead && waiting };
}

/** Answers whether it came to the end of the queue. */
async function look(
  engine: Engine,
  queue: string,
  { messageId, deviceId }: { messageId: string; deviceId: string | undefined },
  take: (deviceId: string, stored: StoredMessage) => void,
): Promise<boolean> {
  let scanned = 0;
  const match = (stored: StoredMessage): boolean => {
    scanned++;
    const id = deviceOf(stored, messageId);
    if (id !== undefined && (deviceId ?? id) === id) take(id, stored);
    return false;
  };
  let next: number | undefined = 0;
  while (next !== undefined && scanned < storyScannedMax) {
    try {
      ({ next } = await engine.browse(queue, { from: next, limit: 1, match }));
    } catch (problem) {
      // The first dead letter makes their queue.
      if (problem instanceof SluiceError && problem.code === 'queue_not_found') return true;
      throw problem;
    }
  }
  return next === undefined;
}

/** Whose message it is, where it has this id. */
function deviceOf({ message }: StoredMessage, messageId: string): string | undefined {
  const address = parseDeviceTopic(message.topic);
  if (address === undefined || address instanceof SluiceError) return undefined;
  return messageIdOf(message) === messageId ? address.deviceId : undefined;
}

async function tell(
  { deviceId, waiting, dead, processed }: Found,
  messageId: string,
  store: HttpParts['store'],
): Promise<Story> {
  const rows = processed === undefined ? [] : await store.readings.message(deviceId, messageId);
  return {
    deviceId,
    messageId,
    status: waiting !== undefined ? 'waiting' : processed !== undefined ? 'processed' : 'dead',
    ...(waiting && { waiting: placeOf(waiting) }),
    // Where it lies now, not where it died.
    ...(dead && { dead: { ...placeOf(dead), ...dead.death, sequence: dead.sequence } }),
    ...(processed && { processed: processedOf(processed) }),
    rows,
  };
}

function placeOf({ sequence, state, attempts, enqueuedAt, availableAt, lastError }: StoredMessage): object {
  return { sequence, state, attempts, enqueuedAt, availableAt, lastError };
}

function processedOf({ processedAt, readings, raw }: InboxEntry): object {
  if (raw === undefined) return { at: processedAt, readings };
  const { payload: bytes, ...about } = raw;
  const encoding = isUtf8(bytes) ? 'utf8' : 'base64';
  return { at: processedAt, readings, raw: { ...about, payload: Buffer.from(bytes).toString(encoding), encoding } };
}
