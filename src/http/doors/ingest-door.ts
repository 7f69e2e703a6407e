import type { IngestRequest } from '../../pipeline/device-message.ts';

/** Where device messages that come over HTTP go in. */
export interface IngestDoor {
  /** Takes one device message: processed at once, or safe in the queue, as the device type says. Rejects with a catalogue error. */
  take(request: IngestRequest): Promise<IngestAnswer>;
}

export type IngestAnswer =
  | { readonly kind: 'processed'; readonly messageId: string; readonly outcome: string }
  /** Flushed to disk, not processed yet. */
  | { readonly kind: 'accepted'; readonly messageId: string };
