/** How a dead letter left its queue. */
export const departures = {
  replayed: 'Back to where it came from',
  moved: 'Moved to another queue, still a dead letter',
  consumed: 'Acknowledged by a consumer of the dead-letter queue',
  discarded: 'Purged, or gone by a limit of the dead-letter queue',
  expired: 'Ended by its time',
} as const;

export type Departure = keyof typeof departures;
export const departureNames = Object.keys(departures) as Departure[];

/** What dead letters of one cause have in common. */
interface DeadLetterCause {
  /** The header `fingerprint` of the death; where it has none, made from code, stage, driver and reason. */
  readonly fingerprint: string;
  readonly code: string;
  readonly stage: string | undefined;
  readonly driver: string | undefined;
  /** Of the newest message. */
  readonly reason: string;
  /** Epoch milliseconds of the first and the last failure, since the group opened. */
  readonly firstAt: number;
  readonly lastAt: number;
  /** How many have died since the group opened, and how those left that are not there any more. */
  readonly died: number;
  readonly left: Readonly<Record<Departure, number>>;
}

/** Dead letters with one cause. */
export interface DeadLetterGroup extends DeadLetterCause {
  /** Messages that are there, and their bytes. */
  readonly count: number;
  readonly bytes: number;
  /** How many died in each of the last 60 minutes and of the last 24 hours, the oldest first and the present one last. */
  readonly perMinute: readonly number[];
  readonly perHour: readonly number[];
  /** How many die in a minute, over the last five full ones. */
  readonly growthPerMinute: number;
  /** At most `namesMax` of each, in the order in which they were met. */
  readonly deviceTypes: readonly string[];
  readonly driverVersions: readonly string[];
  readonly eventTypes: readonly string[];
  /** A message of the group to look at, the newest unless that one has left; absent where none was found among the oldest. */
  readonly sampleSequence: number | undefined;
  /** When the group was empty before it came back, within the memory of closed ones. */
  readonly closedBeforeAt: number | undefined;
}

/** A group whose last dead letter has left. */
export interface ClosedGroup extends DeadLetterCause {
  readonly closedAt: number;
}

export interface DeadLetterGroups {
  /** Largest first. */
  readonly groups: readonly DeadLetterGroup[];
  /** Dead letters of causes that came when there were `groupsMax` already, together; absent where there are none. */
  readonly other: DeadLetterGroup | undefined;
  /** The newest first. */
  readonly closed: readonly ClosedGroup[];
  /** All messages that are there, and of these the ones that were published there and have died of nothing. */
  readonly total: number;
  readonly withoutDeath: number;
}

/** One of the largest groups, as metrics and topics show it. */
export interface GroupLevel {
  readonly fingerprint: string;
  readonly code: string;
  readonly messages: number;
  readonly growthPerMinute: number;
}
