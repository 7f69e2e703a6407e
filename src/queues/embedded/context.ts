import type { Death } from '../../message.ts';
import type { Clock } from '../../std/clock.ts';
import type { Deadlines } from '../../std/deadlines.ts';
import type { Log } from '../../std/log.ts';
import type { Environment } from '../../storage/environment.ts';
import type { GroupCommit } from '../../storage/group-commit.ts';
import type { Entry } from './entry.ts';
import type { EventFeed } from './event-feed.ts';
import type { HandOut } from './hand-out.ts';
import type { HotWindow } from './hot-window.ts';
import type { TurnBudget } from './turn-budget.ts';
import type { TurnSteps } from './turn-steps.ts';
import type { Wake } from './wake.ts';

/** What the queues of one engine share. */
export interface EngineContext {
  readonly environment: Pick<Environment, 'get' | 'readRange' | 'readKeys'>;
  readonly commit: GroupCommit;
  readonly clock: Clock;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  /** Milliseconds since some moment, for what is cut into steps by time. */
  readonly monotonicMs: () => number;
  readonly log: Log;
  readonly hot: HotWindow;
  readonly events: EventFeed;
  readonly handOut: HandOut;
  /** Messages that go back in the very turn in which their consumers leave. */
  readonly returnedAtOnce: TurnBudget;
  /** The ends of consumers of what was removed. Until its turn comes one gets nothing and can settle nothing. */
  readonly endings: TurnSteps;
  /** What waits for its time of what was removed leaves its heap. Whose time comes before its turn is nobody's. */
  readonly dismissals: TurnSteps;
  /** One heap and one timer for all messages that are due soon, and one for whatever else has its time. */
  readonly scheduled: Deadlines<Entry>;
  readonly wakes: Deadlines<Wake>;
  /** A queue that publishes wait for is less full, or asks for less. */
  roomMade(): void;
  /**
   * Appends a record to the dead-letter queue of that name, which is made when it is not there. False where that queue keeps
   * its messages in memory alone, and there is no room for more. `death` is the one that the record tells of.
   */
  deadLetter(queue: string, record: Buffer, death: Death): boolean;
}
