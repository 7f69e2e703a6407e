import type { Mode } from '../devices/device-type.ts';
import type { DriverRef } from './driver.ts';
import type { SetAside } from './driver-shelf.ts';
import type { Rate } from './recent-rate.ts';
import type { TimedOut, WayReading } from './way-numbers.ts';

/** Which mode fits an event type of a device type, why, and what that would change. */
export interface Advice {
  readonly deviceType: string;
  readonly eventType: string;
  readonly mode: Mode;
  readonly advised: Mode;
  readonly because: string;
  readonly change: string;
  readonly perSecond: number;
  readonly peakPerSecond: number;
  /** Of late 99 of 100 were done within so many milliseconds, inline and by the queue; absent where none went that way. */
  readonly inlineMsP99: number | undefined;
  readonly queuedMsP99: number | undefined;
}

/** What all ways share. */
export interface Surroundings {
  /** Messages in the ingest queue. */
  readonly backlog: number;
  /** Of all ways together, in the last minute. */
  readonly came: Rate;
  /** The same of those that nothing more is done about. */
  readonly finishedPerSecond: number;
  /** Whether messages of the queue are in work, or were in the last minute. */
  readonly isProcessed: boolean;
  readonly setAside: readonly SetAside[];
  /** Whether devices of the type may have the driver. */
  readonly decodes: (driver: DriverRef, deviceType: string) => boolean;
  readonly ways: readonly WayReading[];
}

/** What one server answers inline with room to spare: half of what was measured on two cores. */
const inlinePerSecondComfortable = 4_000;
/** A device should not have to wait longer for its answer. */
const inlineMsComfortable = 250;
/** The busiest second against the mean from which traffic counts as bursts. */
const burstFactor = 10;
/** How long a driver that ran out of time, or kept messages in the queue, counts for what waits: as far back as times are of. */
const recentMs = 60_000;
/** Messages that a second must have to be a burst and no coincidence. */
const burstMessagesMin = 100;

export function adviceFor(way: WayReading, mode: Mode, surroundings: Surroundings): Advice {
  const { deviceType, eventType, perSecond, peakPerSecond } = way;
  const { advised, because } = finding(way, mode, surroundings);
  return {
    deviceType,
    eventType,
    mode,
    advised,
    because,
    change: advised === mode ? 'Nothing: it fits' : changes[advised],
    perSecond,
    peakPerSecond,
    inlineMsP99: way.inline.count === 0 ? undefined : way.inline.p99,
    queuedMsP99: way.queued.count === 0 ? undefined : way.queued.p99,
  };
}

const changes: Readonly<Record<Mode, string>> = {
  inline:
    'The answer would say what became of the message, and a driver or schema that refuses it would be heard of at once',
  queued:
    'The answer would come when the message is safe, whatever the pipeline has to do, and a burst would wait in the queue',
  auto: 'Answers would say what became of the message as long as the load is low, and a burst would wait in the queue',
};

interface Finding {
  readonly advised: Mode;
  readonly because: string;
}

/** In the order in which somebody would look. */
function finding(way: WayReading, mode: Mode, surroundings: Surroundings): Finding {
  const { backlog, came, finishedPerSecond, isProcessed, setAside } = surroundings;
  const { perSecond, peakPerSecond, inline, queued } = way;
  const own = setAside.find(({ deviceTypes }) => deviceTypes.includes(way.deviceType));
  if (own !== undefined)
    return { advised: mode, because: `${setAsideClause(own)}: mend it, no mode helps against that` };
  if (backlog > 0 && !isProcessed) return { advised: mode, because: nothingProcessed(backlog) };
  if (peakPerSecond === 0) return { advised: mode, because: 'Nothing came in the last minute' };
  const isBursty = peakPerSecond >= burstMessagesMin && peakPerSecond > burstFactor * perSecond;
  const hung = hungDriver(way, surroundings);
  if (backlog > came.peakPerSecond) {
    const wait = `${backlog} messages wait in the queue`;
    const held = heldClause(surroundings);
    if (held !== undefined) return { advised: mode, because: `${wait}, ${held}` };
    if (hung !== undefined) return { advised: mode, because: `${wait}: ${hung}` };
    if (finishedPerSecond > came.perSecond) {
      const rates = `${rounded(finishedPerSecond)} were processed in the usual second, and ${rounded(came.perSecond)} came`;
      return { advised: mode, because: `${wait}, fewer than before: ${rates}` };
    }
    return { advised: mode === 'inline' ? 'auto' : mode, because: `${wait}: more comes than is processed` };
  }
  if (inline.count > 0 && inline.p99 > inlineMsComfortable) {
    if (hung !== undefined)
      return { advised: mode, because: `1 of 100 inline answers took ${inline.p99} ms or more: ${hung}` };
    return {
      advised: isBursty || mode === 'auto' ? 'auto' : 'queued',
      because: `1 of 100 inline answers took ${inline.p99} ms or more: devices wait for the pipeline`,
    };
  }
  if (came.peakPerSecond > inlinePerSecondComfortable) {
    return {
      advised: mode === 'inline' ? 'auto' : mode,
      because: `${came.peakPerSecond} messages came in the busiest second of all device types, ${inlinePerSecondComfortable} are answered inline with ease`,
    };
  }
  if (isBursty) {
    return {
      advised: 'auto',
      because: `${peakPerSecond} messages came in the busiest second and ${rounded(perSecond)} in the usual one: it comes in bursts`,
    };
  }
  if (mode === 'queued' && inline.count === 0 && queued.p99 > inlineMsComfortable) {
    if (hung !== undefined)
      return { advised: mode, because: `1 of 100 messages took ${queued.p99} ms or more by the queue: ${hung}` };
    return {
      advised: 'auto',
      because: `1 of 100 messages took ${queued.p99} ms or more by the queue: inline answers may take as long, which auto would show and go back from`,
    };
  }
  return {
    advised: mode === 'auto' ? 'auto' : 'inline',
    because: `${peakPerSecond === 1 ? '1 message' : `${peakPerSecond} messages`} came in the busiest second, as evenly as the ${rounded(perSecond)} of the usual one: inline answers keep up`,
  };
}

function setAsideClause({ driver: { id, version }, deviceTypes, workers }: SetAside): string {
  const by = workers.length > 0 ? ` by ${workers.join(', ')}` : '';
  return `driver "${id}@${version}" is set aside for ${deviceTypes.join(', ')}${by}, since it hung or broke down again and again`;
}

/** A driver that keeps messages in the queue: only what was seen there waits for it, and beside those others may wait. */
function heldClause({ setAside, ways }: Surroundings): string | undefined {
  const held = new Set(ways.filter(({ heldAgoMs = recentMs }) => heldAgoMs < recentMs).map((way) => way.deviceType));
  const keeper = setAside.find(({ deviceTypes }) => deviceTypes.some((deviceType) => held.has(deviceType)));
  if (keeper === undefined) return undefined;
  const waiting = keeper.deviceTypes.filter((deviceType) => held.has(deviceType));
  return `among them those of ${waiting.join(', ')}: ${setAsideClause(keeper)}`;
}

/** Its own, or one of another way: whatever comes in the same batch waits for it. One that is in use first: the others are mended. */
function hungDriver(own: WayReading, { ways, decodes }: Surroundings): string | undefined {
  const hung = [own, ...ways].flatMap(({ deviceType, timedOut }) =>
    timedOut === undefined || timedOut.agoMs >= recentMs ? [] : [{ ...timedOut, deviceType }],
  );
  const inUse = hung.find(({ driver, deviceType }) => decodes(driver, deviceType));
  if (inUse !== undefined) return `${hungClause(inUse, '')}, and others wait behind each; mend it first`;
  return hung.length === 0
    ? undefined
    : `${hungClause(hung[0], ', which is not in use any more,')}; look again in a minute`;
}

function hungClause({ driver: { id, version }, count, deviceType }: Hung, aside: string): string {
  const messages = count === 1 ? '1 message' : `${count} messages`;
  return `driver "${id}@${version}"${aside} ran out of time on ${messages} of ${deviceType} of late`;
}

interface Hung extends TimedOut {
  readonly deviceType: string;
}

function nothingProcessed(backlog: number): string {
  const waiting = backlog === 1 ? '1 message waits' : `${backlog} messages wait`;
  return `${waiting} in the queue, and none was processed in the last minute: pipeline.consume may be off without a worker, or the queue paused`;
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
