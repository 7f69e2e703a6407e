import assert from 'node:assert/strict';
import type { QueueKind, QueueOptions } from '../options.ts';
import type { EngineContext } from './context.ts';
import { Queue } from './queue.ts';

type MakeQueue = (id: number, name: string, createdAt: number, options: QueueOptions, context: EngineContext) => Queue;

const kinds: ReadonlyMap<QueueKind, MakeQueue> = new Map([['work', (...parts) => new Queue(...parts)]]);

export const queueOf: MakeQueue = (id, name, createdAt, options, context) => {
  const make = kinds.get(options.kind);
  assert(make !== undefined, `Expected a kind of queue that is known, met "${options.kind}"`);
  return make(id, name, createdAt, options, context);
};
