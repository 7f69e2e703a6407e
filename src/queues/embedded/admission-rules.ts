import { SluiceError } from '../../errors.ts';
import type { Message } from '../../message.ts';
import type { AnyQueue } from './queue-kinds.ts';

/**
 * What a queue says to a message; undefined is yes. It is asked of every queue of a publish before any of them gets the
 * message, so it changes nothing: what it wants done is done when all have said yes.
 */
export interface Verdict {
  readonly kind: 'refuse';
  readonly failure: SluiceError;
}

type Rule = (queue: AnyQueue, message: Message, bytes: number) => Verdict | undefined;

/** In the order in which they are asked; the first that objects is the answer of the queue. */
const rules: readonly Rule[] = [withinLimits];

/** `bytes`: of the message's record. */
export function verdictOf(queue: AnyQueue, message: Message, bytes: number): Verdict | undefined {
  for (const rule of rules) {
    const verdict = rule(queue, message, bytes);
    if (verdict !== undefined) return verdict;
  }
  return undefined;
}

function withinLimits(queue: AnyQueue, _message: Message, bytes: number): Verdict | undefined {
  return queue.hasRoom(bytes) ? undefined : { kind: 'refuse', failure: queueFull(queue) };
}

function queueFull(queue: AnyQueue): SluiceError {
  const { limits } = queue.options;
  const { messages, bytes, name } = queue;
  return new SluiceError(
    'queue_full',
    `Cannot enqueue to "${name}": it holds ${messages} messages of ${bytes} bytes; its limits are ${limits.messages || 'any number of'} messages and ${limits.bytes || 'any number of'} bytes`,
    { detail: { queue: name, messages, bytes, limits } },
  );
}
