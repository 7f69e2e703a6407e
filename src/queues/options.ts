export type QueueKind = 'work' | 'log';
export type Durability = 'sync' | 'async' | 'memory';
export type Dispatch = 'least_inflight' | 'round_robin' | 'random' | 'sticky';
export type Ordering = 'none' | 'key' | 'total';
export type Overflow = 'reject' | 'block' | 'drop_oldest' | 'drop_lowest_priority';

/** Which messages come here: those whose topic matches, and where there are headers those with such user properties. */
export interface Binding {
  readonly filter: string;
  readonly headers?: BindingHeaders;
}

/** `match`, and the value that each user property named beside it must have: all of them, or any. */
export interface BindingHeaders {
  readonly match: 'all' | 'any';
  readonly [name: string]: string;
}

/** Delay before a failed message is tried again, spread by ± `jitter` (0–1); `n` is the number of failures so far. */
export interface Backoff {
  /** fixed: `initialMs`; linear: `initialMs × n`; exponential: `initialMs × factor^(n-1)`; list: `delaysMs[n-1]`, then its last. */
  readonly kind: 'none' | 'fixed' | 'linear' | 'exponential' | 'list';
  readonly initialMs: number;
  readonly factor: number;
  readonly maxMs: number;
  readonly jitter: number;
  readonly delaysMs: readonly number[];
}

/** Every limit, rate and threshold is off at 0; what names something is off at null. */
export interface QueueOptions {
  readonly kind: QueueKind;
  readonly bindings: readonly Binding[];
  readonly durability: Durability;
  readonly dispatch: Dispatch;
  readonly maxInflightPerConsumer: number;
  readonly maxInflight: number;
  readonly leaseMs: number;
  /** Deliveries before a message is dead-lettered; 0 for no end. */
  readonly maxDeliveries: number;
  readonly backoff: Backoff;
  /** Name of the dead-letter queue, made on first use; null drops and counts instead. Default `<name>.dead`. */
  readonly deadLetter: string | null;
  readonly ordering: Ordering;
  /** A key expression, as in `key-expression.ts`. */
  readonly orderingKey: string | null;
  /** Where there is a key expression the queue holds the newest message of each key. */
  readonly lastValue: { readonly key: string | null };
  readonly priorities: number;
  readonly priorityAgeingMs: number;
  readonly delayMs: number;
  readonly ttlMs: number;
  readonly expired: 'dead-letter' | 'drop';
  readonly deduplication: { readonly scope: 'off' | 'queue' | 'key'; readonly windowMs: number };
  /** Hard limits on what is not yet acknowledged. */
  readonly limits: { readonly messages: number; readonly bytes: number };
  readonly overflow: Overflow;
  /** Messages per second. */
  readonly rateLimit: {
    readonly in: number;
    readonly out: number;
    readonly perKey: { readonly in: number; readonly out: number };
  };
  readonly singleActiveConsumer: boolean;
  readonly retention: {
    readonly ageMs: number;
    readonly bytes: number;
    readonly messages: number;
    /** Where there is a key expression the newest message of each key outlives the other limits. */
    readonly compact: string | null;
  };
  /** As `parseGroupStart` reads it. */
  readonly group: {
    readonly start: string;
    /** A group that nobody uses for that long is forgotten; 0 for never. */
    readonly expiryMs: number;
  };
  readonly alerts: {
    readonly depth: number;
    readonly oldestAgeMs: number;
    readonly growthPerMinute: number;
    readonly deadLetters: number;
    readonly deadLettersPerMinute: number;
    readonly stalledMs: number;
  };
  readonly desiredConsumers: {
    readonly messagesPerConsumer: number;
    readonly drainMs: number;
    readonly max: number;
  };
  readonly paused: boolean;
}

/** Options as somebody gives them: any of them, and of a group any members. */
export type GivenQueueOptions = Given<QueueOptions>;

type Given<T> = {
  readonly [K in keyof T]?: T[K] extends readonly unknown[] | string | number | boolean | null ? T[K] : Given<T[K]>;
};
