import assert from 'node:assert/strict';
import type { Consumption } from '../../message.ts';
import type { ConsumeRequest, GroupInfo } from '../engine.ts';
import type { GivenQueueOptions } from '../options.ts';
import type { ContractBench } from './contract-bench.ts';
import { RecordingConsumer, turns } from './recording-consumer.ts';

export const log: GivenQueueOptions = {
  kind: 'log',
  bindings: [{ filter: 'orders/#' }],
  group: { start: 'earliest' },
};

/** What the parts of the contract about logs do with `orders`. */
export interface LogBench {
  join(
    group: string,
    more?: Partial<ConsumeRequest>,
    acknowledges?: boolean,
  ): Promise<{ consumer: RecordingConsumer; consumption: Consumption }>;
  infoOf(group: string): Promise<GroupInfo>;
  /** Resolves when everything that was said so far is on disk, and what follows from it has been done. */
  flushed(): Promise<void>;
  /** What is there once nothing changes any more. */
  payloads(): Promise<string[]>;
}

export function logBench(on: ContractBench): LogBench {
  const join = async (group: string, more: Partial<ConsumeRequest> = {}, acknowledges = false) => {
    const consumer = new RecordingConsumer(group, { acknowledges });
    return { consumer, consumption: await on.engine.consume('orders', consumer, { credit: 10, group, ...more }) };
  };
  const infoOf = async (group: string): Promise<GroupInfo> => {
    const found = (await on.engine.groups('orders')).find(({ name }) => name === group);
    assert.ok(found !== undefined);
    return found;
  };
  /** Resolves when everything that was said so far is on disk, and what follows from it has been done. */
  const flushed = async (): Promise<void> => {
    for (let i = 0; i < 3; i++) {
      await on.engine.browse('orders', { from: 0, limit: 1 });
      await turns();
    }
  };
  /** What is there once nothing changes any more. */
  const payloads = async (): Promise<string[]> => {
    await flushed();
    return on.payloadsIn('orders');
  };
  return { join, infoOf, flushed, payloads };
}
