/** Thrown by a handler for a message that no try can help: it goes straight to the dead letters. */
export class Reject extends Error {
  override readonly name = 'Reject';
}

/** Thrown by a handler that cannot take the message now: it goes back and does not count as a try. */
export class Release extends Error {
  override readonly name = 'Release';

  constructor(message = 'Given back') {
    super(message);
  }
}

/** What became of a message in the hands of its handler. */
export type Outcome =
  | { readonly kind: 'acknowledged' }
  | { readonly kind: 'released' }
  | { readonly kind: 'failed' | 'rejected'; readonly reason: string };

export function outcomeOf(thrown: unknown): Outcome {
  if (thrown instanceof Release) return { kind: 'released' };
  const reason = (thrown instanceof Error ? thrown.message : String(thrown)).slice(0, reasonCharactersMax);
  return { kind: thrown instanceof Reject ? 'rejected' : 'failed', reason };
}

/** What the server keeps of a reason, and what a reason string of MQTT takes. */
const reasonCharactersMax = 1_024;
