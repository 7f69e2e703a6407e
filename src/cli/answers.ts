import type { Death } from '../message.ts';
import type { Rehearsal } from '../pipeline/rehearsal.ts';
import type { MessageState, QueueInfo } from '../queues/engine.ts';
import type { SkippedMessage } from '../queues/move-spec.ts';
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

export interface PreviewAnswer {
  readonly matched: number;
  readonly movable: number;
  readonly skipped: readonly SkippedMessage[];
  /** The first that would go, as they would arrive. */
  readonly samples: readonly (Pick<MessageAnswer, 'sequence' | 'topic' | 'payload' | 'encoding'> & {
    readonly to: string;
  })[];
}

/** Of dead letters of the pipeline: what would become of the samples. */
export interface RehearsalAnswer extends PreviewAnswer {
  readonly rehearsal?: readonly Rehearsal[];
}
