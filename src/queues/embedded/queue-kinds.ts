import assert from 'node:assert/strict';
import { SluiceError } from '../../errors.ts';
import type { QueueKind, QueueOptions } from '../options.ts';
import type { EngineContext } from './context.ts';
import { LogQueue } from './log/log-queue.ts';
import { Queue } from './queue.ts';

export type AnyQueue = Queue | LogQueue;

type MakeQueue = (
  id: number,
  name: string,
  createdAt: number,
  options: QueueOptions,
  context: EngineContext,
) => AnyQueue;

const kinds: ReadonlyMap<QueueKind, MakeQueue> = new Map<QueueKind, MakeQueue>([
  ['work', (...parts) => new Queue(...parts)],
  ['log', (...parts) => new LogQueue(...parts)],
]);

export const queueOf: MakeQueue = (id, name, createdAt, options, context) => {
  const make = kinds.get(options.kind);
  assert(make !== undefined, `Expected a kind of queue that is known, met "${options.kind}"`);
  return make(id, name, createdAt, options, context);
};

/** Throws `invalid_argument` for a log. `act` is what cannot be done with one. */
export function requireWork(queue: AnyQueue, act: string): Queue {
  if (!(queue instanceof LogQueue)) return queue;
  throw new SluiceError('invalid_argument', `Cannot ${act} "${queue.name}": it is a log, whose messages stay in it`);
}
