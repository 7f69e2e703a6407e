import type { UserProperty } from '../message.ts';

/** Which messages of a queue are meant. What is absent holds for all. */
export interface MessageFilter {
  readonly sequences?: readonly number[];
  /** An MQTT topic filter. */
  readonly topic?: string;
  /** The code under which it was dead-lettered. */
  readonly code?: string;
  /** The group of dead letters. */
  readonly fingerprint?: string;
}

/** What becomes different of each message on its way. It is data, so that a task that is stored can go on after a restart. */
export interface MessageEdit {
  readonly topic?: string;
  /** Base64. */
  readonly payload?: string;
  readonly contentType?: string;
  /** User properties of these names are taken away, before others are set. */
  readonly removeUserProperties?: readonly string[];
  /** Each takes the place of all of its name. */
  readonly setUserProperties?: readonly UserProperty[];
}

/** What a move is to do. */
export interface MoveSpec {
  readonly from: string;
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
  readonly state: 'running' | 'done' | 'cancelled' | 'failed';
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly endedAt: number | undefined;
  /** Messages that were looked at, of `total` that were there at the start. */
  readonly scanned: number;
  readonly total: number;
  readonly matched: number;
  readonly moved: number;
  /** The first of those that matched and could not go; the others show in the difference of `matched` and `moved`. */
  readonly skipped: readonly SkippedMessage[];
  /** Why it failed. */
  readonly error: string | undefined;
}

export interface SkippedMessage {
  readonly sequence: number;
  readonly reason: string;
}
