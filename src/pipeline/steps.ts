import { decode } from './steps/decode.ts';
import { identify } from './steps/identify.ts';
import { pickDriver } from './steps/pick-driver.ts';
import { pickSchema } from './steps/pick-schema.ts';
import type { Step } from './steps/step.ts';
import { preview, store } from './steps/store.ts';
import { timePolicy } from './steps/time-policy.ts';

/** What happens to every device message, in this order. The last step settles whatever has come so far. */
export const decodeSteps: readonly Step[] = [identify, pickDriver, pickSchema, decode, timePolicy];
export const lastStep: Step = store;
export const lastStepOfRehearsal: Step = preview;
