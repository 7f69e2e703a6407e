import type { Deadline } from '../../std/deadline-heap.ts';

/** Something to do at a time. */
export interface Wake extends Deadline {
  wake(now: number): void;
}
