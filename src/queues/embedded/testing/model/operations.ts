import { advance, changeOptions, purge } from './administering.ts';
import { answerLost, consume, setCredit, settleHeld, stopConsumer } from './consuming.ts';
import { append, copy, purgeLog } from './copying.ts';
import { lease, settleLeased } from './leasing.ts';
import { cancelMove, park, replay, resumeMove } from './moving.ts';
import { publish } from './publishing.ts';
import { cutPower, restart } from './restarting.ts';
import type { World } from './world.ts';

/** Does something by chance to the queue of that name, and the same to its reference. */
export type Operation = (world: World, name: string) => unknown;

/** How often each is done, beside the others. */
export const operations: readonly (readonly [weight: number, operation: Operation])[] = [
  [30, publish],
  [45, settleHeld],
  [5, answerLost],
  [6, advance],
  [8, consume],
  [3, stopConsumer],
  [4, setCredit],
  [6, lease],
  [8, settleLeased],
  [1, changeOptions],
  [0.7, replay],
  [0.5, park],
  [2.5, append],
  [1.2, copy],
  [0.15, purgeLog],
  [0.4, cancelMove],
  [0.4, resumeMove],
  [0.3, purge],
  [0.2, restart],
  [0.6, cutPower],
];
