import type { IPublishPacket } from 'mqtt-packet';
import type { Outcome } from '../outcome.ts';
import { type DeadLetter, type Received, received } from '../received.ts';

/** What a delivery says of its queue stands in user properties; the rest is the publisher's. */
export function messageOf({ topic, payload, properties }: IPublishPacket): Received {
  const pairs = Object.entries(properties?.userProperties ?? {}).flatMap(([name, values]) =>
    [values].flat().map((value) => [name, value] as const),
  );
  // The publisher may have said the same: the server's own come last.
  const said = (name: string): string | undefined => pairs.findLast(([each]) => each === name)?.[1];
  return received({
    topic,
    payload: Buffer.from(payload),
    queue: said('sluice-queue') ?? '',
    sequence: Number(said('sluice-seq')),
    attempt: Number(said('sluice-attempt')),
    enqueuedAt: new Date(Number(said('sluice-enqueued-at'))),
    contentType: properties?.contentType,
    responseTopic: properties?.responseTopic,
    correlationData: properties?.correlationData,
    userProperties: pairs.filter(([name]) => !ownNames.has(name)),
    death: deathOf(said),
  });
}

function deathOf(said: (name: string) => string | undefined): DeadLetter | undefined {
  const source = said('sluice-dead-source');
  if (source === undefined) return undefined;
  return {
    source,
    code: said('sluice-dead-reason') ?? '',
    reason: said('sluice-dead-last-error') ?? '',
    attempts: Number(said('sluice-dead-attempts')),
  };
}

const ownNames = new Set([
  'sluice-queue',
  'sluice-seq',
  'sluice-attempt',
  'sluice-enqueued-at',
  'sluice-dead-source',
  'sluice-dead-reason',
  'sluice-dead-last-error',
  'sluice-dead-attempts',
]);

/** Reason code of PUBACK, and the reason beside it: what becomes of the message. */
export function answerOf(outcome: Outcome): readonly [reasonCode: number, reason?: string] {
  switch (outcome.kind) {
    case 'acknowledged':
      return [0x00];
    case 'released':
      return [0x97];
    case 'failed':
      return [0x80, outcome.reason];
    case 'rejected':
      return [0x99, outcome.reason];
  }
}
