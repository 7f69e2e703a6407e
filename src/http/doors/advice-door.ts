import type { AdviceAnswer } from '../../pipeline/advisor.ts';

/** Which mode fits what comes. */
export interface AdviceDoor {
  advise(): Promise<AdviceAnswer>;
}
