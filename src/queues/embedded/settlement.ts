import type { Settlement, UserProperty } from '../../message.ts';
import type { Departure } from '../causes/dead-letter-groups.ts';
import { backoffMs } from './backoff.ts';
import type { DeliveryLoop } from './delivery-loop.ts';
import type { Entry } from './entry.ts';
import { hasExpired } from './expiry.ts';
import type { DeliverySource } from './leasing-home.ts';
import { encodeRecord, withDeath } from './record.ts';
import { salvage } from './salvage.ts';
import type { Schedule } from './schedule.ts';
import type { Selector } from './selector.ts';
import type { StoredRow } from './stored-row.ts';
import { changeState, State } from './transitions.ts';
import { reasonCharactersMax, type Waiting } from './waiting.ts';

/** Where settled messages go: back into the line, to the schedule, or away. */
export interface SettlingHome extends DeliverySource {
  readonly delivery: DeliveryLoop;
  readonly selector: Selector;
  readonly schedule: Pick<Schedule, 'atOnce' | 'add'>;
  /** What a dead letter says beside what its consumer said. */
  readonly deathHeaders?: readonly UserProperty[];
  stage(entry: Entry): void;
  /** Books a message out of memory's counts and stages what that means for its rows. */
  depart(entry: Entry, why: Departure): void;
}

/** Why a message cannot be processed. */
export interface Cause {
  readonly code: string;
  readonly reason: string;
  readonly headers?: readonly UserProperty[];
}

/** Does with a leased message what its consumer said. */
export function settleEntry(queue: SettlingHome, entry: Entry, settlement: Settlement): void {
  switch (settlement.kind) {
    case 'acknowledged':
      acknowledge(queue, entry);
      return;
    case 'released':
      release(queue, entry);
      return;
    case 'failed':
      fail(queue, entry, settlement, queue.context.clock.now());
      return;
    case 'rejected':
      reject(queue, entry, settlement, queue.context.clock.now());
      return;
    case 'expired':
      queue.delivery.endLease(entry);
      queue.expire(entry, queue.context.clock.now());
  }
}

/** Gives a leased message back to the front of its queue. */
export function release(queue: SettlingHome, entry: Entry): void {
  queue.totals.released++;
  queue.delivery.endLease(entry);
  wait(queue, entry, entry.waiting, State.ready);
}

/**
 * A lease that ran out is a failed delivery. The place of a push consumer stays taken until it answers: MQTT forbids to
 * send the packet id again on that connection, and the consumer still works on the message as far as anyone knows.
 */
export function expireLease(queue: SettlingHome, entry: Entry, now: number): void {
  queue.totals.leasesExpired++;
  entry.lost = entry.token === undefined;
  fail(
    queue,
    entry,
    { code: 'lease_expired', reason: 'The consumer did not settle the message before its lease ended' },
    now,
  );
}

/** A message that is too old to be delivered, and that nobody has any more. */
export function expire(queue: SettlingHome, entry: Entry, now: number): void {
  leave(queue, entry, State.dead, 'expired');
  buryExpired(queue, entry, now);
}

/** A message that was too old and is not in `queue` any more. */
export function buryExpired(
  queue: SettlingHome,
  { sequence, record, waiting }: Pick<StoredRow, 'sequence' | 'record' | 'waiting'>,
  now: number,
): void {
  queue.totals.expired++;
  if (queue.options.expired === 'drop') return;
  const cause = { code: 'expired', reason: 'The message expired before it was delivered' };
  deadLetter(queue, sequence, record, cause, failuresSoFar(waiting, now));
}

function acknowledge(queue: SettlingHome, entry: Entry): void {
  queue.totals.acknowledged++;
  const heldMs = entry.heldMs(queue.context.clock.turn());
  queue.totals.heldMs += heldMs;
  queue.totals.processingMs.record(heldMs);
  queue.delivery.endLease(entry);
  if (!entry.stored) queue.totals.elided++;
  leave(queue, entry, State.acknowledged, 'consumed');
}

function reject(queue: SettlingHome, entry: Entry, cause: Cause, now: number): void {
  queue.delivery.endLease(entry);
  die(queue, entry, cause, nextFailure(entry.waiting, cause, now));
}

function fail(queue: SettlingHome, entry: Entry, cause: Cause, now: number): void {
  const { options, totals, context } = queue;
  totals.failed++;
  queue.delivery.endLease(entry);
  const failure = nextFailure(entry.waiting, cause, now);
  if (options.maxDeliveries > 0 && failure.attempts >= options.maxDeliveries) {
    die(queue, entry, cause, failure);
    return;
  }
  const delay = backoffMs(options.backoff, failure.attempts, context.random);
  if (delay > 0) wait(queue, entry, { ...failure, availableAt: now + delay }, State.scheduled);
  else wait(queue, entry, { ...failure, availableAt: queue.schedule.atOnce(now) }, State.ready);
}

/** Moves a message that nobody holds any more to the dead letters, in one commit; drops it where the queue keeps none. */
function die(queue: SettlingHome, entry: Entry, cause: Cause, failure: Waiting): void {
  leave(queue, entry, State.dead, 'discarded');
  count(queue, deadLetter(queue, entry.sequence, entry.record, cause, failure));
}

function count({ totals }: SettlingHome, isDeadLetter: boolean): void {
  if (isDeadLetter) totals.deadLettered++;
  else totals.dropped.no_dead_letters++;
}

/** Puts the record of a message that is not in `queue` any more into its dead letters. False where the queue keeps none. */
function deadLetter(queue: SettlingHome, sequence: number, record: Buffer, cause: Cause, failure: Waiting): boolean {
  const name = queue.options.deadLetter;
  const kept = name !== null && bury(queue, name, sequence, record, cause, failure);
  const { code, reason } = cause;
  queue.context.events.tell(queue.name, 'dead', { sequence, code, reason, attempts: failure.attempts, kept });
  return kept;
}

function bury(
  queue: SettlingHome,
  name: string,
  sequence: number,
  record: Buffer,
  cause: Cause,
  failure: Waiting,
): boolean {
  const death = {
    queue: queue.name,
    sequence,
    code: cause.code,
    reason: cause.reason.slice(0, reasonCharactersMax),
    attempts: failure.attempts,
    firstFailureAt: failure.firstFailureAt,
    lastFailureAt: failure.lastFailureAt,
    headers: [...(queue.deathHeaders ?? []), ...(cause.headers ?? [])],
  };
  return queue.context.deadLetter(name, withDeath(record, death, queue.context.clock.now()), death);
}

/** A message that never waits in `queue`: it counts there as one that came and died. */
export function buryUnseen(queue: SettlingHome & { takeSequence(): number }, record: Buffer, cause: Cause): void {
  const sequence = queue.takeSequence();
  queue.totals.enqueued++;
  // Whoever buries it has tried it, once.
  const failures = { ...failuresSoFar(undefined, queue.context.clock.now()), attempts: 1 };
  count(queue, deadLetter(queue, sequence, record, cause, failures));
}

/** A message whose record cannot be trusted, and which is not in `queue` any more. */
export function buryDamaged(queue: SettlingHome, row: StoredRow, damage: string): void {
  const { clock, log } = queue.context;
  const now = clock.now();
  log.error('A message on disk is damaged and goes to the dead letters', {
    queue: queue.name,
    sequence: row.sequence,
    damage,
  });
  const record = encodeRecord(salvage(row.record, now), now);
  const cause = { code: 'damaged', reason: damage };
  const kept = row.record.length > 0 && deadLetter(queue, row.sequence, record, cause, failuresSoFar(row.waiting, now));
  if (kept) queue.totals.deadLettered++;
  else queue.totals.dropped.damaged++;
}

/** The message goes on as another entry, unless its time ran out in its consumer's hands. */
function wait(
  queue: SettlingHome,
  entry: Entry,
  failure: Waiting | undefined,
  state: typeof State.ready | typeof State.scheduled,
): void {
  if (queue.selector.isObsolete?.(entry) === true) {
    queue.totals.dropped.superseded++;
    leave(queue, entry, State.removed, 'discarded');
    return;
  }
  const now = queue.context.clock.now();
  if (!queue.closed && hasExpired(entry.record, queue.ttlMs ?? 0, now)) {
    entry.waiting = failure;
    queue.expire(entry, now);
    return;
  }
  const heir = entry.succeed(state);
  heir.waiting = failure;
  if (entry.staged || failure !== heir.storedWaiting) queue.stage(heir);
  if (state === State.ready || failure === undefined) {
    queue.selector.returned(heir);
    return;
  }
  queue.schedule.add(heir, failure.availableAt);
  queue.selector.postponed?.(heir);
}

/** The message is gone for good, and nobody holds it. */
function leave(queue: SettlingHome, entry: Entry, state: State, why: Departure): void {
  changeState(entry, state);
  queue.depart(entry, why);
  queue.selector.departed(entry);
}

function failuresSoFar(waiting: Waiting | undefined, now: number): Waiting {
  if (waiting !== undefined && waiting.attempts > 0) return waiting;
  return { attempts: 0, firstFailureAt: now, lastFailureAt: now, availableAt: now, lastError: '' };
}

function nextFailure(before: Waiting | undefined, cause: Cause, now: number): Waiting {
  return {
    attempts: (before?.attempts ?? 0) + 1,
    firstFailureAt: failuresSoFar(before, now).firstFailureAt,
    lastFailureAt: now,
    availableAt: now,
    lastError: `${cause.code}: ${cause.reason}`.slice(0, reasonCharactersMax),
  };
}
