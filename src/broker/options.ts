import type { SharedDispatch } from './shared-dispatch.ts';

/** What an operator chooses, beside the limits. Defaults stand in the configuration. */
export interface BrokerOptions {
  /** Which member of a group gets a message of their shared subscription. */
  readonly sharedDispatch: SharedDispatch;
}
