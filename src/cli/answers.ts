import type { Death, MessageState, QueueInfo, QueueStats } from '../queues/engine.ts';

/** What the HTTP API answers, as far as several commands read it. */

export interface QueueAnswer extends QueueInfo {
  readonly stats: QueueStats;
}

export interface MessageAnswer {
  readonly sequence: number;
  readonly state: MessageState;
  readonly attempts: number;
  readonly enqueuedAt: number;
  readonly topic: string;
  /** Text where it is valid UTF-8, else base64, as `encoding` says. */
  readonly payload: string;
  readonly encoding: 'utf8' | 'base64';
  readonly death?: Death;
}

export interface MessagesAnswer {
  readonly messages: readonly MessageAnswer[];
  readonly next?: number;
}

export interface DeadLetterGroup {
  readonly fingerprint: string;
  readonly code: string;
  readonly stage: string;
  readonly driver: string;
  readonly reason: string;
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly deviceTypes: readonly string[];
  readonly sampleSequence: number;
}

export interface ReplayAnswer {
  readonly matched: number;
  readonly moved: number;
  readonly skipped: readonly { readonly sequence: number; readonly reason: string }[];
  readonly rehearsal?: readonly Rehearsed[];
}

/** What would become of one dead letter now. */
export interface Rehearsed {
  readonly sequence: number;
  readonly deviceId: string;
  readonly messageId: string;
  readonly now: string;
  readonly driver?: string;
  readonly readings?: unknown;
}
