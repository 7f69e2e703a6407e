import { SluiceError } from '../errors.ts';

/**
 * Throws `invalid_argument` where the dead letters of queue `name` would come back to it, so that a message that nobody can
 * process does not go round for ever. `deadLetterOf` answers where another queue's dead letters go; null where it keeps
 * none, or is not there yet.
 */
export function refuseDeadLetterCycle(
  name: string,
  deadLetter: string | null,
  deadLetterOf: (queue: string) => string | null,
): void {
  const path = new Set<string>();
  // A circle that `name` is no part of ends the walk too: it may be on disk from before circles were refused.
  for (let at = deadLetter; at !== null && !path.has(at); at = deadLetterOf(at)) {
    if (at === name) throw cycle([name, ...path, name]);
    path.add(at);
  }
}

function cycle(path: readonly string[]): SluiceError {
  const way = path.map((queue) => `"${queue}"`).join(' → ');
  return new SluiceError(
    'invalid_argument',
    `Cannot declare queue "${path[0]}": its dead letters would come back to it (${way}); give one of these queues another "deadLetter", or null`,
  );
}
