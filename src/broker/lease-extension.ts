import { SluiceError } from '../errors.ts';
import { isJsonObject } from '../std/json.ts';
import { RateBucket } from '../std/rate-bucket.ts';
import type { Connection } from './connection.ts';

/** Sequences that one request may name, and its bytes. */
export const extendedSequencesMax = 1_000;
const requestBytesMax = 16 * 1024;
/**
 * Messages in a client's hands that its requests may look at in a second, and at once. A request looks at all of them and each costs a
 * fraction of a microsecond: a few hundredths of the processor, where who holds tens of thousands could otherwise take all of it.
 */
export const extensionLooksPerSecondMax = 100_000;
/** Longest lease, in seconds: as an option of a queue allows it. */
const leaseSecondsMax = 12 * 3_600;

interface ExtensionRequest {
  readonly leaseSeconds?: number;
  readonly sequences?: readonly number[];
}

const controlTopic = /^\$queue\/([^/]+)\/extend$/;

/** The queue whose leases a publish to this topic extends; undefined for every other topic. */
export function queueToExtend(topic: string): string | undefined {
  return controlTopic.exec(topic)?.[1];
}

/**
 * Holds what this session has of the queue for longer, from now: `leaseSeconds` (the queue's own where it is absent), for the messages of
 * `sequences` or for all. It needs no right but the lease itself. Answers why not, where that is so of any.
 */
export function extendLeases(connection: Connection, queue: string, payload: Buffer): SluiceError | undefined {
  const { session } = connection;
  if (!mayLook(connection)) return tooOften(queue);
  const request = requestIn(payload);
  if (request instanceof SluiceError) return request;
  const { leaseSeconds, sequences } = request;
  const leaseMs = leaseSeconds === undefined ? undefined : leaseSeconds * 1_000;
  const wanted = sequences === undefined ? undefined : new Set(sequences);
  const extended = new Set<number>();
  for (const { delivery } of session.inflight.all()) {
    if (delivery?.queue !== queue || wanted?.has(delivery.sequence) === false) continue;
    if (delivery.extend(leaseMs)) extended.add(delivery.sequence);
  }
  const lost = sequences?.filter((sequence) => !extended.has(sequence)) ?? [];
  if (lost.length === 0 && (wanted !== undefined || extended.size > 0)) return undefined;
  const what =
    lost.length === 0 ? 'anything' : `sequence ${lost.slice(0, 10).join(', ')}${lost.length > 10 ? ', …' : ''}`;
  return new SluiceError(
    'lease_lost',
    `Cannot extend leases of queue "${queue}": ${what} is not held over this connection`,
  );
}

/** Milliseconds until the client may ask again; 0 where it may. */
export function extensionWaitMs({ context, extensionLooks }: Connection): number {
  return extensionLooks?.waitMs(context.clock.now()) ?? 0;
}

/** Counts what a request looks at, which may be more than is left: it is refused the next time. */
function mayLook(connection: Connection): boolean {
  const now = connection.context.clock.now();
  connection.extensionLooks ??= new RateBucket(extensionLooksPerSecondMax, now);
  const may = connection.extensionLooks.has(now);
  if (may) connection.extensionLooks.charge(Math.max(1, connection.session.inflight.size), now);
  return may;
}

function tooOften(queue: string): SluiceError {
  return new SluiceError(
    'rate_limited',
    `Extend leases of queue "${queue}" less often, or several in one request: the requests of a client may look at ${extensionLooksPerSecondMax} messages in its hands a second`,
  );
}

function requestIn(payload: Buffer): ExtensionRequest | SluiceError {
  if (payload.length === 0) return {};
  if (payload.length > requestBytesMax) {
    return new SluiceError(
      'payload_too_large',
      `Cannot extend leases: expected at most ${requestBytesMax} bytes, met ${payload.length}`,
    );
  }
  let request: unknown;
  try {
    request = JSON.parse(payload.toString());
  } catch (problem) {
    if (!(problem instanceof SyntaxError)) throw problem;
  }
  return isRequest(request) ? request : unreadable;
}

const unreadable = new SluiceError(
  'payload_unreadable',
  `Cannot extend leases: expected nothing or JSON like {"leaseSeconds":60,"sequences":[7]}, leaseSeconds from 1 to ${leaseSecondsMax} and up to ${extendedSequencesMax} sequences`,
);

function isRequest(value: unknown): value is ExtensionRequest {
  if (!isJsonObject(value)) return false;
  const { leaseSeconds, sequences, ...others } = value;
  const isTime = leaseSeconds === undefined || isWhole(leaseSeconds, 1, leaseSecondsMax);
  const isList =
    sequences === undefined ||
    (Array.isArray(sequences) &&
      sequences.length <= extendedSequencesMax &&
      sequences.every((each) => isWhole(each, 1, Number.MAX_SAFE_INTEGER)));
  return isTime && isList && Object.keys(others).length === 0;
}

function isWhole(value: unknown, min: number, max: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max;
}
