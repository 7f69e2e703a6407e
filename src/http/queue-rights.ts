import type { Access } from '../access/access.ts';
import { SluiceError } from '../errors.ts';
import type { CurrentDirectory } from '../queues/queue-directory.ts';
import type { Caller, QueueRight } from './caller.ts';

export interface QueueRightsParts {
  readonly access: Access;
  readonly directory: CurrentDirectory;
}

/** Rejects with `not_authorized`; for a consumer also with `queue_not_found`, once it is clear that it may know. */
export async function requireQueueRight(
  parts: QueueRightsParts,
  right: QueueRight,
  caller: Caller,
  queue: string,
): Promise<void> {
  if (parts.access.mayAdminister(caller.identity)) return;
  if (right === 'producer') requireProducer(parts.access, caller, queue);
  else await requireConsumer(parts, caller, queue);
}

/** As over MQTT: nobody reads through a queue what they may not read directly. */
async function requireConsumer(
  { access, directory: current }: QueueRightsParts,
  caller: Caller,
  queue: string,
): Promise<void> {
  requireReading(access, caller, queue, `$queue/${queue}`);
  const directory = await current.get();
  const info = directory.named(queue);
  if (info === undefined) {
    throw new SluiceError('queue_not_found', `There is no queue ${JSON.stringify(queue)}`, { detail: { queue } });
  }
  for (const filter of directory.filtersThatFeed(info)) requireReading(access, caller, queue, filter);
}

function requireReading(access: Access, { identity, clientId }: Caller, queue: string, filter: string): void {
  if (access.maySubscribe(identity, clientId, filter)) return;
  throw new SluiceError(
    'not_authorized',
    `Cannot consume queue ${JSON.stringify(queue)}: ${JSON.stringify(identity.name)} may not read ${JSON.stringify(filter)}`,
  );
}

function requireProducer(access: Access, caller: Caller, queue: string): void {
  requireWriting(access, caller, queue, `$queue/${queue}`);
}

/** A message that says which topic it comes from needs the right to that one too: its consumers believe it. */
export function requireWriting(access: Access, { identity, clientId }: Caller, queue: string, topic: string): void {
  if (access.mayAdminister(identity) || access.mayPublish(identity, clientId, topic)) return;
  throw new SluiceError(
    'not_authorized',
    `Cannot put a message into queue ${JSON.stringify(queue)}: ${JSON.stringify(identity.name)} may not publish to ${JSON.stringify(topic)}`,
  );
}
