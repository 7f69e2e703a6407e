import { type Message, userProperty } from '../../../../message.ts';

/** What is sent to some queues: its id says its key and priority, and the rest stands here. */
export interface Published {
  readonly id: string;
  /** In the order in which the engine asks them. */
  readonly names: readonly string[];
  readonly deduplicationId: string | undefined;
  readonly expirySeconds: number | undefined;
  readonly delayMs: number | undefined;
  /** Of its record. */
  readonly bytes: number;
  /** When it was sent, which is when its record was made. */
  readonly at: number;
  /** When it says that it was received: no two at once, so that of two values one is the newer. */
  readonly receivedAt: number;
}

/** A copy with a mark is another message than the one in the log. */
export function idOf(message: Message): string {
  return `${message.payload}${userProperty(message, 'copy') ?? ''}`;
}

/** Every message is one of these, so that its id says all of it. */
export function keyOf(id: string): string | undefined {
  const kind = numberOf(id) % 7;
  return kind < 5 ? `k${kind}` : undefined;
}

/** What it asks for, from 1; undefined where it asks for none. */
export function priorityOf(id: string): number | undefined {
  const kind = numberOf(id) % 6;
  return kind < 5 ? kind + 1 : undefined;
}

/** The lane that it comes into, where there are so many. */
export function laneOf(id: string, priorities: number): number {
  return Math.min(priorityOf(id) ?? 1, priorities) - 1;
}

/** Grows with each message; a copy has that of what it is a copy of. */
export function numberOf(id: string): number {
  return Number.parseInt(id.slice(1), 10);
}

/** The header that filters look at. */
export function digitOf(id: string): string {
  return String(numberOf(id) % 10);
}

export function expiryOf({ expirySeconds, receivedAt }: Pick<Published, 'expirySeconds' | 'receivedAt'>): number {
  return expirySeconds === undefined ? Number.POSITIVE_INFINITY : receivedAt + expirySeconds * 1_000;
}
