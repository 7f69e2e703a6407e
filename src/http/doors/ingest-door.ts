import type { SluiceError } from '../../errors.ts';
import type { ReceiptWaiter } from '../../message.ts';
import type { IngestRequest } from '../../pipeline/device-message.ts';
import type { IngestWish } from '../../pipeline/ingestion.ts';

/** Where device messages that come over HTTP go in. */
export interface IngestDoor {
  /** Takes one device message: processed at once, or safe in the queue, as the device type says. Rejects with a catalogue error. */
  take(request: IngestRequest, wish?: IngestWish): Promise<IngestAnswer>;
  /** Takes one of many: `waiter` hears of it under `tag`. Answers its message id; throws where something is wrong with it. */
  admit(request: IngestRequest, waiter: ReceiptWaiter, tag: number): string;
}

export type IngestAnswer =
  | { readonly kind: 'processed'; readonly messageId: string; readonly outcome: string }
  /** Flushed to disk, not processed yet. `result` where it was wished for and may be waited for. */
  | { readonly kind: 'accepted'; readonly messageId: string; readonly result?: AwaitedResult };

/** What becomes of a message that is safe. It is waited for, or cancelled. */
export interface AwaitedResult {
  /** Undefined where it did not come in time, or was cancelled. */
  within(waitMs: number): Promise<FinalAnswer | undefined>;
  cancel(): void;
}

export type FinalAnswer =
  | { readonly kind: 'stored'; readonly outcome: string }
  | { readonly kind: 'rejected'; readonly error: SluiceError };
