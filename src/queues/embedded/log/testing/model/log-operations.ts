import { advance, changeOptions, letCompact, purge } from './log-administering.ts';
import { answerLost, consume, settleHeld, stopConsumer } from './log-consuming.ts';
import { lease, settleLeased } from './log-leasing.ts';
import { publish } from './log-publishing.ts';
import { cutPower, restart } from './log-restarting.ts';
import { removeGroup, seek } from './log-seeking.ts';
import type { LogWorld } from './log-world.ts';

/** Does something by chance to the log or the group of that name, and the same to its reference. */
export type LogOperation = (world: LogWorld, group: string) => unknown;

/** How often each is done, beside the others. */
export const logOperations: readonly (readonly [weight: number, operation: LogOperation])[] = [
  [20, publish],
  [40, settleHeld],
  [5, answerLost],
  [6, advance],
  [8, consume],
  [3, stopConsumer],
  [5, lease],
  [7, settleLeased],
  [2, seek],
  [0.3, removeGroup],
  [1, changeOptions],
  [0.5, purge],
  [1, letCompact],
  [0.3, restart],
  [1.5, cutPower],
];
