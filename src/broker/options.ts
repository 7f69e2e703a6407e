import type { QoS } from '../message.ts';
import type { SharedDispatch } from './shared-dispatch.ts';

/** What an operator chooses, beside the limits. Defaults stand in the configuration. */
export interface BrokerOptions {
  /** Which member of a group gets a message of their shared subscription. */
  readonly sharedDispatch: SharedDispatch;
  /** Whether a payload that is said to be UTF-8 must be. */
  readonly payloadFormatCheck: boolean;
  /** Whether a retained message goes to a new subscription only while who published it may still publish there. */
  readonly retainedSourceCheck: boolean;
  /** What clients that ask for Response Information are told; `${clientId}` stands for their client id. */
  readonly responseTopicPrefix: string | undefined;
  /** Highest QoS at which a client may publish, and gets messages; announced as Maximum QoS. */
  readonly qosMax: QoS;
  /** Whether clients come in without a client id, and are given one. */
  readonly emptyClientIds: boolean;
  /** What the client ids that the server gives begin with. */
  readonly clientIdPrefix: string;
}
