import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, test } from 'node:test';
import type { EngineCapability } from '../engine.ts';
import { atomicFanoutContract } from './atomic-fanout.ts';
import { consumingContract } from './consuming.ts';
import { ContractBench, type EngineUnderTest } from './contract-bench.ts';
import { copyingContract } from './copying.ts';
import { declaringContract } from './declaring.ts';
import { delayingContract } from './delaying.ts';
import { dispatchingContract } from './dispatching.ts';
import { durabilityContract } from './durability.ts';
import { enteringContract } from './entering.ts';
import { expiringContract } from './expiring.ts';
import { failingContract } from './failing.ts';
import { lastValueContract } from './last-value.ts';
import { leasingContract } from './leasing.ts';
import { logFailingContract } from './log-failing.ts';
import { logRetainingContract } from './log-retaining.ts';
import { loggingContract } from './logging.ts';
import { lookingContract } from './looking.ts';
import { movingContract } from './moving.ts';
import { orderingContract } from './ordering.ts';
import { prioritizingContract } from './prioritizing.ts';
import { routingContract } from './routing.ts';
import { stayingAndGoingContract } from './staying-and-going.ts';
import { tellingContract } from './telling.ts';

/**
 * What every `Engine` promises, and what it promises by its capabilities: what it does not is not asked of it. An implementation's
 * test calls this and has nothing to add.
 */
export function engineContract(
  name: string,
  capabilities: ReadonlySet<EngineCapability>,
  open: () => Promise<EngineUnderTest>,
): void {
  describe(`${name} keeps the engine contract`, () => {
    const bench = new ContractBench(open);
    beforeEach(() => bench.open());
    afterEach(() => bench.close());

    test('it says what it can do', () => {
      assert.deepEqual([...bench.engine.capabilities].sort(), [...capabilities].sort());
    });
    for (const part of always) part(bench);
    for (const [needed, part] of promised) if ([needed].flat().every((each) => capabilities.has(each))) part(bench);
  });
}

type Part = (on: ContractBench) => void;

const always: readonly Part[] = [
  declaringContract,
  routingContract,
  consumingContract,
  dispatchingContract,
  durabilityContract,
  enteringContract,
  failingContract,
  leasingContract,
  lookingContract,
  stayingAndGoingContract,
  tellingContract,
];

const promised: readonly (readonly [needed: EngineCapability | readonly EngineCapability[], part: Part])[] = [
  ['atomic-fanout', atomicFanoutContract],
  ['priorities', prioritizingContract],
  ['delay', delayingContract],
  ['expiry', expiringContract],
  ['last-value', lastValueContract],
  ['logs', loggingContract],
  ['logs', logFailingContract],
  ['logs', logRetainingContract],
  ['ordering', orderingContract],
  ['moves', movingContract],
  [['moves', 'logs'], copyingContract],
];
