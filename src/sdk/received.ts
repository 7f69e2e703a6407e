/** A message of a queue, lent to one handler. */
export interface Received {
  readonly topic: string;
  readonly payload: Buffer;
  readonly queue: string;
  /** Position in the queue: with its name it is this message and no other, however often it comes. */
  readonly sequence: number;
  /** 1 for the first time. */
  readonly attempt: number;
  readonly enqueuedAt: Date;
  readonly contentType: string | undefined;
  readonly responseTopic: string | undefined;
  readonly correlationData: Buffer | undefined;
  /** What the publisher said, in the order sent; without what Sluice says beside it. */
  readonly userProperties: readonly (readonly [name: string, value: string])[];
  /** Why it is among the dead letters, where it is. */
  readonly death: DeadLetter | undefined;
  text(): string;
  /** Throws `SyntaxError` where the payload is no JSON. */
  json<T = unknown>(): T;
}

export interface DeadLetter {
  /** Queue that it comes from. */
  readonly source: string;
  readonly code: string;
  readonly reason: string;
  readonly attempts: number;
}

/** `fields` with the readings of the payload. */
export function received(fields: Omit<Received, 'text' | 'json'>): Received {
  return {
    ...fields,
    text: () => fields.payload.toString(),
    json: <T>() => JSON.parse(fields.payload.toString()) as T,
  };
}
