import type { Message, UserProperty } from '../message.ts';
import type { JsonValue } from '../std/json.ts';

/** Which messages of a queue are meant: those for which all of it holds. What is absent holds for every one. */
export interface MessageFilter {
  readonly sequences?: readonly number[];
  /** The first and the last sequence, both included. */
  readonly fromSequence?: number;
  readonly toSequence?: number;
  /** An MQTT topic filter. */
  readonly topic?: string;
  /** The code under which it was dead-lettered. */
  readonly code?: string;
  /** The group of dead letters. */
  readonly fingerprint?: string;
  /** How long it had been in the queue when the move began. */
  readonly minAgeMs?: number;
  readonly maxAgeMs?: number;
  /** User properties that it has, with these values. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Values that its JSON payload has, by path (`$.a.b[0]`). */
  readonly payload?: Readonly<Record<string, JsonValue>>;
}

/** What becomes different of each message on its way. It is data, so that a task that is stored can go on after a restart. */
export interface MessageEdit {
  readonly topic?: string;
  /** Base64. */
  readonly payload?: string;
  /** Merged into the JSON payload, as RFC 7396 does it: null takes a member away. After `payload` where both are given. */
  readonly payloadPatch?: JsonValue;
  /** Null takes it away. */
  readonly contentType?: string | null;
  /** User properties of these names are taken away, before others are set. */
  readonly removeUserProperties?: readonly string[];
  /** Each takes the place of all of its name. */
  readonly setUserProperties?: readonly UserProperty[];
  /** From the move on; null takes the message's own expiry away. */
  readonly expirySeconds?: number | null;
}

/** What a move is to do. */
export interface MoveSpec {
  readonly from: string;
  /** Messages stay where they are as well. A log keeps what it has, so of a log this must be said; of a work queue it cannot be. */
  readonly copy?: boolean;
  /** Of a log: the place of the first message that is meant, as `parseGroupStart` reads it; its oldest one when absent. */
  readonly start?: string;
  /** Of a log: the place from which on no message is meant; when absent all that it holds at the beginning are. */
  readonly end?: string;
  /** For dead letters the default is the queue that each came from. */
  readonly to?: string;
  readonly filter?: MessageFilter;
  readonly edit?: MessageEdit;
  /** Messages at most. */
  readonly limit?: number;
  /** Messages per second at most. */
  readonly rate?: number;
}

export interface MoveStatus {
  readonly id: string;
  readonly spec: MoveSpec;
  /** It waits while the next message has no room where it goes, and goes on by itself. */
  readonly state: 'running' | 'waiting' | 'done' | 'cancelled' | 'failed';
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly endedAt: number | undefined;
  /** Messages that were looked at, of `total` that were there at the start. What leaves on its own before is not looked at. */
  readonly scanned: number;
  readonly total: number;
  readonly matched: number;
  /** Gone to the other queue. */
  readonly moved: number;
  /** In the other queue, and still in the log that they are from. */
  readonly copied: number;
  /** Stayed because there is a newer value of their key where they would go. */
  readonly superseded: number;
  /** The first of those that matched and could not go; the others show in the difference of `matched` and `moved` or `copied`. */
  readonly skipped: readonly SkippedMessage[];
  /** Why it waits, or failed. */
  readonly reason: string | undefined;
}

export interface SkippedMessage {
  readonly sequence: number;
  readonly reason: string;
}

/** What a move would do now. */
export interface MovePreview {
  /** Messages that match, and those of them that can go. */
  readonly matched: number;
  readonly movable: number;
  /** There is a newer value of their key where they would go. */
  readonly superseded: number;
  readonly skipped: readonly SkippedMessage[];
  /** The first that can go, as they would arrive. */
  readonly samples: readonly MoveSample[];
}

export interface MoveSample {
  readonly sequence: number;
  readonly to: string;
  readonly message: Message;
}
