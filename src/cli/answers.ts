import type { Death } from '../message.ts';
import type { Rehearsal } from '../pipeline/rehearsal.ts';
import type { MessageState, QueueInfo } from '../queues/engine.ts';
import type { QueueNumbers } from '../queues/queue-numbers.ts';

/** What the HTTP API answers, as far as several commands read it. */

/** Distributions come as what is asked of them. */
export type NumbersAnswer = Omit<QueueNumbers, 'timeInQueueMs' | 'processingMs' | 'commitUs'>;

export interface QueueAnswer extends QueueInfo {
  readonly stats: NumbersAnswer;
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

export interface ReplayAnswer {
  readonly matched: number;
  readonly moved: number;
  readonly skipped: readonly { readonly sequence: number; readonly reason: string }[];
  /** What would become of the first of them, on a dry run. */
  readonly rehearsal?: readonly Rehearsal[];
}
