export type Dispatch = 'least_inflight' | 'round_robin';

export interface Binding {
  readonly filter: string;
}

/** Delay before a failed message is tried again: `initialMs × factor^(attempt-1)`, at most `maxMs`, spread by ± `jitter` (0–1). */
export interface Backoff {
  readonly kind: 'none' | 'fixed' | 'exponential';
  readonly initialMs: number;
  readonly factor: number;
  readonly maxMs: number;
  readonly jitter: number;
}

export interface QueueOptions {
  readonly bindings: readonly Binding[];
  readonly dispatch: Dispatch;
  readonly maxInflightPerConsumer: number;
  readonly maxInflight: number;
  readonly leaseMs: number;
  /** Deliveries before a message is dead-lettered; 0 for no end. */
  readonly maxDeliveries: number;
  readonly backoff: Backoff;
  /** Name of the dead-letter queue, made on first use; null drops and counts instead. Default `<name>.dead`. */
  readonly deadLetter: string | null;
  /** Hard limits on what is not yet acknowledged; a publish beyond them is refused with `queue_full`. 0 for none. */
  readonly limits: { readonly messages: number; readonly bytes: number };
  readonly paused: boolean;
}

/** One row an option: a group's members have a dot in their name. What the reference and `--help` say follows from it. */
export interface QueueOptionRow {
  readonly name: string;
  readonly kind: 'integer' | 'number' | 'boolean' | 'choice' | 'bindings' | 'queue';
  /** Undefined where it depends on the queue's name. */
  readonly default: unknown;
  readonly min?: number;
  readonly max?: number;
  readonly choices?: readonly string[];
  readonly sentence: string;
}

const dayMs = 24 * 3_600_000;

export const queueOptionRows: readonly QueueOptionRow[] = [
  { name: 'bindings', kind: 'bindings', default: [], sentence: 'MQTT filters of the topics that lead here.' },
  {
    name: 'dispatch',
    kind: 'choice',
    choices: ['least_inflight', 'round_robin'],
    default: 'least_inflight',
    sentence: 'Which consumer with credit gets the next message.',
  },
  {
    name: 'maxInflightPerConsumer',
    kind: 'integer',
    min: 1,
    max: 65_535,
    default: 1_000,
    sentence:
      'Most unsettled messages of one consumer, whatever its credit. It begins with 32 and earns more by settling them within 100 ms.',
  },
  {
    name: 'maxInflight',
    kind: 'integer',
    min: 1,
    max: 1_000_000,
    default: 10_000,
    sentence: 'Most unsettled messages of the queue.',
  },
  {
    name: 'leaseMs',
    kind: 'integer',
    min: 1_000,
    max: 12 * 3_600_000,
    default: 30_000,
    sentence: 'Time that a consumer has to settle a message.',
  },
  {
    name: 'maxDeliveries',
    kind: 'integer',
    min: 0,
    max: 1_000,
    default: 5,
    sentence: 'Failed deliveries before a message is dead-lettered; 0 for no end.',
  },
  {
    name: 'backoff.kind',
    kind: 'choice',
    choices: ['none', 'fixed', 'exponential'],
    default: 'exponential',
    sentence: 'How the delay before the next try grows.',
  },
  {
    name: 'backoff.initialMs',
    kind: 'integer',
    min: 0,
    max: 365 * dayMs,
    default: 1_000,
    sentence: 'Delay after the first failure.',
  },
  { name: 'backoff.factor', kind: 'number', min: 1, max: 100, default: 2, sentence: 'Growth with each failure.' },
  {
    name: 'backoff.maxMs',
    kind: 'integer',
    min: 0,
    max: 365 * dayMs,
    default: 300_000,
    sentence: 'Longest delay, before jitter.',
  },
  {
    name: 'backoff.jitter',
    kind: 'number',
    min: 0,
    max: 1,
    default: 0.2,
    sentence: 'Part of the delay that is random.',
  },
  {
    name: 'deadLetter',
    kind: 'queue',
    default: undefined,
    sentence:
      'Queue for messages that cannot be processed, made on first use (default `<name>.dead`); null drops them.',
  },
  {
    name: 'limits.messages',
    kind: 'integer',
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    default: 0,
    sentence: 'Most unacknowledged messages; 0 for no limit.',
  },
  {
    name: 'limits.bytes',
    kind: 'integer',
    min: 0,
    max: Number.MAX_SAFE_INTEGER,
    default: 0,
    sentence: 'Most bytes of unacknowledged messages, as stored; 0 for no limit.',
  },
  { name: 'paused', kind: 'boolean', default: false, sentence: 'Accepts messages and delivers none.' },
];
