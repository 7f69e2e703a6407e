import type { SluiceError } from '../../errors.ts';
import type { ReceiptWaiter } from '../../message.ts';
import type { IngestRequest } from '../../pipeline/device-message.ts';
import type { IngestWish } from '../../pipeline/ingestion.ts';

/** Where device messages that come over HTTP go in. */
export interface IngestDoor {
  /** Takes one device message: processed at once, or safe in the queue, as the device type says. Rejects with a catalogue error. */
  take(request: IngestRequest, wish?: IngestWish): Promise<IngestAnswer>;
  /** For many: `waiter` hears of each under its number. */
  batch(waiter: ReceiptWaiter, wish?: Pick<IngestWish, 'result'>): IngestBatch;
}

export interface IngestBatch {
  /** Answers the id of the message; throws where something is wrong with it. */
  admit(request: IngestRequest, tag: number): string;
  /** Where they were wished for. */
  readonly results: AwaitedResults | undefined;
}

export type IngestAnswer =
  | { readonly kind: 'processed'; readonly messageId: string; readonly outcome: string }
  /** Flushed to disk, not processed yet. `results` where they were wished for; that of this message has the number 0. */
  | { readonly kind: 'accepted'; readonly messageId: string; readonly results?: AwaitedResults };

/** What becomes of messages that are safe. It is waited for, or cancelled. */
export interface AwaitedResults {
  /** The bound that left no room for some of them: nothing will be known of these here. */
  readonly bound?: string | undefined;
  /** What became of these, as far as it is known by then. */
  within(tags: Iterable<number>, waitMs: number): Promise<ReadonlyMap<number, FinalAnswer>>;
  cancel(): void;
}

export type FinalAnswer =
  | { readonly kind: 'stored'; readonly outcome: string }
  | { readonly kind: 'rejected'; readonly error: SluiceError };
