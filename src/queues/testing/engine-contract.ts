import { afterEach, beforeEach, describe } from 'node:test';
import { consumingContract } from './consuming.ts';
import { ContractBench, type EngineUnderTest } from './contract-bench.ts';
import { declaringContract } from './declaring.ts';
import { delayingContract } from './delaying.ts';
import { dispatchingContract } from './dispatching.ts';
import { durabilityContract } from './durability.ts';
import { enteringContract } from './entering.ts';
import { expiringContract } from './expiring.ts';
import { failingContract } from './failing.ts';
import { lastValueContract } from './last-value.ts';
import { leasingContract } from './leasing.ts';
import { loggingContract } from './logging.ts';
import { lookingContract } from './looking.ts';
import { movingContract } from './moving.ts';
import { orderingContract } from './ordering.ts';
import { prioritizingContract } from './prioritizing.ts';
import { routingContract } from './routing.ts';
import { stayingAndGoingContract } from './staying-and-going.ts';
import { tellingContract } from './telling.ts';

/** What every `Engine` promises. An implementation's test calls this and has nothing to add. */
export function engineContract(name: string, open: () => Promise<EngineUnderTest>): void {
  describe(`${name} keeps the engine contract`, () => {
    const bench = new ContractBench(open);
    beforeEach(() => bench.open());
    afterEach(() => bench.close());

    for (const part of parts) part(bench);
  });
}

const parts = [
  declaringContract,
  routingContract,
  prioritizingContract,
  consumingContract,
  dispatchingContract,
  delayingContract,
  expiringContract,
  durabilityContract,
  enteringContract,
  failingContract,
  lastValueContract,
  leasingContract,
  loggingContract,
  orderingContract,
  lookingContract,
  movingContract,
  stayingAndGoingContract,
  tellingContract,
];
