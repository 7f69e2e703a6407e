import { SluiceError } from '../errors.ts';

/*
 * What begins with these is the server's. Nobody else publishes there, so that a subscription hears only what the server
 * itself says; and where it says nothing the subscription would be silent for ever.
 */
const dollar = 0x24;
const reserved = /^\$(SYS|queue|q|stream|share|events)(\/|$)/;
const readFrom = /^\$(queue|stream)\/([^/]+)/;
const spoken = /^\$(SYS|events)(\/|$)/;

/** Topics that nobody may publish to, whatever their rights. */
export function isServerTopic(topic: string): boolean {
  return topic.charCodeAt(0) === dollar && reserved.test(topic);
}

/** Why nobody publishes there, and what they may have meant. */
export function serverTopicRefusal(topic: string): SluiceError {
  const [, form, queue] = readFrom.exec(topic) ?? [];
  if (queue === undefined) {
    return new SluiceError(
      'not_authorized',
      `Not allowed to publish to "${topic}": topics of the server are for reading`,
    );
  }
  const kind = form === 'stream' ? 'log' : 'work';
  const noun = kind === 'log' ? 'log' : 'queue';
  return new SluiceError(
    'not_authorized',
    `Not allowed to publish to "${topic}", where ${noun} "${queue}" is read: publish to a topic that the ${noun} is bound to`,
    { detail: { queue, kind } },
  );
}

/** Why a subscription could never hear anything: nobody serves what the filter asks the server for. Not for shared filters. */
export function unservedProblem(filter: string): string | undefined {
  if (!isServerTopic(filter) || spoken.test(filter)) return undefined;
  return `Subscribe to a queue as "$queue/NAME" or "$q/FILTER": nothing is published on "${filter}"`;
}
