import type { JsonObject } from '../../std/json.ts';
import type { MessageSaid } from '../raw.ts';
import type { ProcessedMessage, StoreOutcome } from '../store.ts';

/**
 * A batch on its way to the worker: one text and one block of bytes instead of a tree of objects to clone.
 * `text` is a JSON array of `MessageTuple`; `raw` holds the payloads one behind the other, in the same order.
 */
export interface EncodedBatch {
  readonly text: string;
  readonly raw: Uint8Array;
}

export type MessageTuple = readonly [
  deviceId: string,
  messageId: string,
  receivedAt: number,
  processedAt: number,
  driver: string,
  driverVersion: string,
  topic: string,
  fPort: number | null,
  rawLength: number,
  readings: readonly ReadingTuple[],
  said: MessageSaid | null,
  /** JSON; null: none. */
  warnings: string | null,
];

export type ReadingTuple = readonly [eventType: string, time: number, seq: number | null, data: JsonObject];

/** What became of each message: its index in `storeOutcomes`. */
export type EncodedOutcomes = Uint8Array;

/** A batch that was stored, with the keys, by device, for which the latest state has no room. */
export interface AppliedBatch {
  readonly outcomes: EncodedOutcomes;
  readonly leftOut: readonly (readonly [deviceId: string, keys: number])[];
}

export const storeOutcomes: readonly StoreOutcome[] = ['applied', 'stale', 'duplicate', 'unknown'];

export function encodeBatch(batch: readonly ProcessedMessage[]): EncodedBatch {
  let rawBytes = 0;
  for (const message of batch) rawBytes += message.raw.length;
  const raw = new Uint8Array(rawBytes);
  let at = 0;
  const tuples = batch.map((message) => {
    raw.set(message.raw, at);
    at += message.raw.length;
    return toTuple(message);
  });
  return { text: JSON.stringify(tuples), raw };
}

export function decodeOutcomes(outcomes: EncodedOutcomes): StoreOutcome[] {
  return Array.from(outcomes, (index) => storeOutcomes[index]);
}

function toTuple(message: ProcessedMessage): MessageTuple {
  return [
    message.deviceId,
    message.messageId,
    message.receivedAt,
    message.processedAt,
    message.driver,
    message.driverVersion,
    message.topic,
    message.fPort ?? null,
    message.raw.length,
    message.readings.map((reading) => [reading.eventType, reading.time, reading.seq ?? null, reading.data] as const),
    message.said ?? null,
    warningsText(message.warnings),
  ];
}

/** As they stand at the first row of a message. */
export function warningsText(warnings: readonly string[]): string | null {
  return warnings.length === 0 ? null : JSON.stringify(warnings);
}
