import type { Message } from '../../message.ts';
import type { Binding, BindingHeaders } from '../options.ts';

/** Whether a message that came by a topic of the binding goes to its queue. */
export type HeaderMatch = (message: Message) => boolean;

/** Undefined where the binding takes every message of its topics. */
export function headerMatchOf({ headers }: Binding): HeaderMatch | undefined {
  if (headers === undefined) return undefined;
  const { match, ...asked } = headers;
  const pairs = Object.entries(asked as BindingHeaders);
  const has = (message: Message, [name, value]: readonly [string, string]): boolean =>
    message.properties?.userProperties?.some((property) => property[0] === name && property[1] === value) === true;
  if (match === 'any') return (message) => pairs.some((pair) => has(message, pair));
  return (message) => pairs.every((pair) => has(message, pair));
}
