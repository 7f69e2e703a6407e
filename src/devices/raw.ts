import type { Reading } from './reading.ts';

/** The bytes of messages as they came, for as long as they are kept, and what a corrected driver makes of them. */
export interface RawMessages {
  /** A slice in the order of arrival, but for those that were corrected to more readings, which come last. Rejects with `not_found` where there is no such device type. */
  slice(query: RawQuery): Promise<RawSlice>;
  /**
   * Puts other readings in the place of those that these messages became, in one transaction: in the history, and in the
   * latest state where that has its value from this message or from an older one. A message that is gone meanwhile is left
   * alone. Answers for each whether it was corrected.
   */
  correct(batch: readonly Correction[]): Promise<readonly boolean[]>;
}

export interface RawQuery {
  readonly deviceType: string;
  /** Epoch milliseconds at which a message was processed; inclusive. */
  readonly from: number;
  /** Exclusive. */
  readonly to: number;
  /** The `next` of the slice before; 0 for the first. */
  readonly after: number;
  /** The `end` of the first slice, so that what is corrected meanwhile is not met once more; undefined for the first. */
  readonly end: number | undefined;
  /** Messages at most. */
  readonly limit: number;
}

export interface RawSlice {
  readonly messages: readonly RawMessage[];
  /** Where the next slice begins; undefined where there is none. */
  readonly next: number | undefined;
  /** The newest message when the first slice was read. */
  readonly end: number;
}

export interface RawMessage {
  readonly id: number;
  readonly deviceId: string;
  readonly messageId: string;
  readonly topic: string;
  readonly fPort: number | undefined;
  readonly said: MessageSaid;
  readonly receivedAt: number;
  readonly driver: string;
  readonly driverVersion: string;
  readonly payload: Uint8Array;
  /** What it became then. */
  readonly readings: readonly Reading[];
}

/** What came beside the bytes of a message and has to do with what they mean. */
export interface MessageSaid {
  readonly contentType?: string | undefined;
  readonly firmwareVersion?: string | undefined;
  /** Epoch milliseconds. */
  readonly time?: number | undefined;
  readonly seq?: number | undefined;
  /** By which schema it was made, as the message named it. */
  readonly schema?: string | undefined;
}

export interface Correction {
  readonly id: number;
  readonly deviceId: string;
  readonly messageId: string;
  readonly receivedAt: number;
  readonly processedAt: number;
  readonly driver: string;
  readonly driverVersion: string;
  readonly readings: readonly Reading[];
  /** Of the driver and the schemas, as when a message comes; absent: none. */
  readonly warnings?: readonly string[];
}
