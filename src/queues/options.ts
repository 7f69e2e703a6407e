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
