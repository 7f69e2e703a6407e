import type { SluiceError } from '../../errors.ts';
import type { ConsumerInfo } from '../engine.ts';
import type { QueueOptions } from '../options.ts';
import type { EngineContext } from './context.ts';
import type { Dispatcher } from './dispatcher.ts';
import type { Entry, EntryHome } from './entry.ts';
import type { Slot } from './slot.ts';
import type { QueueTotals } from './totals.ts';

/** Whose messages are leased: a work queue, or one group of a log. */
export interface DeliverySource extends EntryHome {
  /** In the tokens of its leases. */
  readonly id: number;
  readonly context: EngineContext;
  readonly options: QueueOptions;
  readonly totals: QueueTotals;
  /** Longest wait of a message, 0 for no end; absent where messages stay. */
  readonly ttlMs?: number;
  /** Nothing is delivered any more. */
  readonly closed: boolean;
  /** Gives a leased message back to the front, uncounted. */
  release(entry: Entry): void;
  leaseExpired(entry: Entry, now: number): void;
  /** A message that nobody else has is too old to be delivered. */
  expire(entry: Entry, now: number): void;
}

/** One that messages are pushed to, as its source sees it. */
export interface PushedTo {
  readonly info: ConsumerInfo;
  optionsChanged(): void;
  end(reason: SluiceError): void;
}

/** A source with those who take from it, as they see it. */
export interface LeasingHome {
  readonly source: DeliverySource;
  readonly dispatcher: Pick<Dispatcher, 'changed'>;
  readonly consumptions: Set<PushedTo>;
  join(slot: Slot<Entry>): void;
  /** The slot gets nothing more, and its leases do not end by themselves. */
  leave(slot: Slot<Entry>): void;
  /** Takes back what a slot holds that has left: a little at once, much in steps. Nobody gets anything until it is all back. */
  takeBack(slot: Slot<Entry>): void;
  pump(): void;
  pumpLater(): void;
}
