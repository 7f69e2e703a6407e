import { checkPublishOptions, type PublishOptions } from './publish-options.ts';
import { PublishRefused } from './refusals.ts';

/** Text and bytes go as they are, everything else as JSON. */
export type Payload = string | Uint8Array | object | number | boolean | null;

/** One message of many. */
export interface Outbound extends PublishOptions {
  readonly topic: string;
  readonly payload: Payload;
}

/** A message as both ways send it. */
export interface Encoded {
  readonly topic: string;
  readonly payload: Buffer;
  readonly retain: boolean;
  readonly contentType: string | undefined;
  readonly expirySeconds: number | undefined;
  readonly userProperties: readonly (readonly [string, string])[];
}

/** Throws `PublishRefused` for what is no topic, and `TypeError` for what JSON does not know and for options that are not as they should be. */
export function encode({ topic, payload, ...options }: Outbound): Encoded {
  if (topic === '' || /[+#\0]/.test(topic)) {
    throw new PublishRefused(`Cannot publish to ${JSON.stringify(topic)}: a topic takes no wildcards`, false);
  }
  checkPublishOptions(options);
  const isRaw = typeof payload === 'string' || payload instanceof Uint8Array;
  const text = isRaw ? undefined : JSON.stringify(payload);
  if (!isRaw && text === undefined) throw new TypeError(`Cannot publish to "${topic}": JSON does not know the payload`);
  return {
    topic,
    payload: text === undefined ? Buffer.from(payload as string | Uint8Array) : Buffer.from(text),
    retain: options.retain ?? false,
    contentType: options.contentType ?? (isRaw ? undefined : 'application/json'),
    expirySeconds: options.expirySeconds,
    userProperties: [...named(options), ...(options.userProperties ?? [])],
  };
}

function named({ key, priority, delayMs, dedupId }: PublishOptions): [string, string][] {
  const pairs: [string, string | undefined][] = [
    ['sluice-key', key],
    ['sluice-priority', priority?.toString()],
    ['sluice-delay', delayMs?.toString()],
    ['sluice-dedup-id', dedupId],
  ];
  return pairs.filter((pair): pair is [string, string] => pair[1] !== undefined);
}
