import { SluiceError } from '../../errors.ts';
import type { Message } from '../../message.ts';
import { wishProblem } from './message-wishes.ts';
import type { AnyQueue } from './queue-kinds.ts';

/**
 * What a queue says to a message; undefined is yes. It is asked of every queue of a publish before any of them gets the
 * message, so it changes nothing: what it wants done is done when all have said yes.
 */
export type Verdict =
  | { readonly kind: 'refuse'; readonly failure: SluiceError }
  /** The queue has it already: it is acknowledged as if it came in. */
  | { readonly kind: 'duplicate' }
  /** Not yet. `failure` is what it is told where it cannot wait. */
  | { readonly kind: 'wait'; readonly failure: SluiceError };

/** The first that objects is the answer of the queue. `bytes`: of the message's record. */
export function verdictOf(queue: AnyQueue, message: Message, bytes: number): Verdict | undefined {
  return (
    askingWhatCanBe(queue, message) ??
    notTwice(queue, message) ??
    notTooFast(queue, message) ??
    withinLimits(queue, message, bytes)
  );
}

function askingWhatCanBe(queue: AnyQueue, message: Message): Verdict | undefined {
  const { kind, priorities } = queue.options;
  const problem = kind === 'log' ? undefined : wishProblem(message, priorities);
  if (problem === undefined) return undefined;
  const failure = new SluiceError('invalid_argument', `Cannot enqueue to "${queue.name}": ${problem}`);
  return { kind: 'refuse', failure };
}

function notTwice({ entrance }: AnyQueue, message: Message): Verdict | undefined {
  return entrance.isWatched && entrance.isDuplicate(message) ? duplicate : undefined;
}

function notTooFast(queue: AnyQueue, message: Message): Verdict | undefined {
  const failure = queue.entrance.isWatched ? queue.entrance.refusal(message) : undefined;
  return failure === undefined ? undefined : objection(queue, failure);
}

function withinLimits(queue: AnyQueue, message: Message, bytes: number): Verdict | undefined {
  if (queue.hasRoom(bytes) || queue.canMakeRoom(bytes, message)) return undefined;
  return objection(queue, queueFull(queue));
}

function objection({ options }: AnyQueue, failure: SluiceError): Verdict {
  return { kind: options.overflow === 'block' ? 'wait' : 'refuse', failure };
}

const duplicate: Verdict = { kind: 'duplicate' };

export function queueFull(queue: AnyQueue): SluiceError {
  const { limits } = queue.options;
  const { messages, bytes, name } = queue;
  return new SluiceError(
    'queue_full',
    `Send it again later, have queue "${name}" consumed, or raise its \`limits\`: it holds ${messages} messages of ${bytes} bytes; its limits are ${limits.messages || 'any number of'} messages and ${limits.bytes || 'any number of'} bytes`,
    { detail: { queue: name, messages, bytes, limits } },
  );
}
