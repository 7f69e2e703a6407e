import type { Outbound, Payload } from './outbound.ts';
import type { PublishOptions } from './publish-options.ts';
import type { Received } from './received.ts';

/** One way to a server. It holds until `close`: where the connection is lost it is made again, and goes on where it was. */
export interface Client {
  /**
   * Resolves when the message is as safe as the queues that it matched promise: on disk, unless they say otherwise. Rejects with
   * `PublishRefused` where the server refuses it. Where the connection is lost on the way it is sent again, so that it may be there twice:
   * a `dedupId` makes it count once in a queue that looks at it.
   */
  publish(topic: string, payload: Payload, options?: PublishOptions): Promise<void>;
  /** Many at once; answers for each in order, and rejects for none of them. */
  publishAll(messages: readonly Outbound[]): Promise<readonly PublishResult[]>;
  /**
   * Works on the messages of a queue. Rejects with `QueueRefused` where there is none, or where it may not be read.
   */
  consume(queue: string, handler: Handler, options?: ConsumeOptions): Promise<Consumer>;
  /**
   * Stops what consumes, waits for what is being published, and leaves. After `graceMs` (default: however long it takes) it waits for
   * handlers and for a server that is away no longer: what is not published by then is refused.
   */
  close(options?: StopOptions): Promise<void>;
}

/**
 * Is done with a message when it resolves: then the message leaves the queue. What it throws counts as a failed try, and the message
 * comes again after the queue's back-off; `Reject` and `Release` say otherwise.
 */
export type Handler = (message: Received, signal: AbortSignal) => Promise<void> | void;

export interface ConnectOptions {
  readonly username?: string;
  readonly password?: string;
  /** For HTTP: a bearer token in place of a user name. */
  readonly token?: string;
  /** For MQTT. Consumers take it with an ending of their own. Made up where absent. */
  readonly clientId?: string;
  /** Authorities to trust, as PEM, where those of the system do not do. For `mqtts:`. */
  readonly ca?: string | Buffer;
  /** What happens on the way and needs no answer: a connection that was lost, and made again. */
  readonly onNotice?: (sentence: string) => void;
}

export interface ConsumeOptions {
  /** Of a log: whose position is shared. It begins where the log's `group.start` says. */
  readonly group?: string;
  /** Messages worked on at once, and held at once: no more are lent to this consumer. 1 to 256, default 1. */
  readonly concurrency?: number;
  /** Longest wait of one request for messages, and so of a stop. For HTTP; 0 to 20, default 5. */
  readonly pollSeconds?: number;
  /**
   * What a message is lent for, 1 to 43,200; it is lent anew, after a third of it, for as long as the handler works. Default: 30 over
   * HTTP; over MQTT, where the first lease is always the queue's own, what the queue lends for, anew every 10 s.
   */
  readonly leaseSeconds?: number;
}

export interface StopOptions {
  readonly graceMs?: number;
}

export interface Consumer {
  /** Handlers at work. */
  readonly running: number;
  /**
   * Takes nothing more, lets the handlers finish and settles what they did; then everything else goes back to the queue, uncounted. After
   * `graceMs` (default: however long it takes) it does not wait for handlers any longer: their `signal` is aborted and their messages go
   * back too.
   */
  stop(options?: StopOptions): Promise<void>;
  /** Resolves after `stop`; rejects where the server ended the consumption for good, such as with the queue. */
  readonly ended: Promise<void>;
}

export type PublishResult =
  | { readonly ok: true }
  | {
      readonly ok: false;
      readonly error: Error /** Whether the same can succeed later. */;
      readonly retryable: boolean;
    };
