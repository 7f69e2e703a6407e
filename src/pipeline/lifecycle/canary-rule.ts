/** What a canary and the driver in use made of the messages since the canary began. */
export interface CanaryCounts {
  readonly messages: number;
  readonly failed: number;
  readonly othersMessages: number;
  readonly othersFailed: number;
}

/** From its so-manieth message on a canary is judged by shares alone. */
export const judgedFromMessages = 100;
/** A share of failures higher by this than that of the driver in use turns the canary off. */
const failedShareMoreMax = 0.05;
/** A canary that fails no more than it may is turned off before by mistake once in so many trials at most, however often it is looked at. */
const mistakenOnceIn = 10_000;
/** So many standard errors the share of the driver in use is taken to be higher than it was met. */
const errorsOfDoubt = 2;
/** It has failed at messages of so many devices before it is judged early: one that sends nonsense says nothing of the driver. */
export const failingDevicesMin = 3;

/** Why the canary has to go; undefined while it may stay. `failingDevices`: of how many devices it failed at a message. */
export function reasonToStop(counts: CanaryCounts, failingDevices: number): string | undefined {
  const { messages, failed, othersMessages, othersFailed } = counts;
  const isWorse = messages < judgedFromMessages ? isClear(counts, failingDevices) : hasHigherShare(counts);
  if (!isWorse) return undefined;
  return `Turned off: ${failed} of ${messages} messages failed, against ${othersFailed} of ${othersMessages} with the driver in use`;
}

function hasHigherShare({ messages, failed, othersMessages, othersFailed }: CanaryCounts): boolean {
  const others = othersMessages === 0 ? 0 : othersFailed / othersMessages;
  return failed / messages > others + failedShareMoreMax;
}

/**
 * Wald's sequential test: whether what was met is more than `mistakenOnceIn` times as likely with a canary that fails half of what the
 * driver in use reads as with one that fails as much as it may.
 */
function isClear({ messages, failed, othersMessages, othersFailed }: CanaryCounts, failingDevices: number): boolean {
  if (failingDevices < failingDevicesMin) return false;
  // What the driver in use is known to fail at is known from few messages: the benefit of that doubt is the canary's.
  const others = (othersFailed + 1) / (othersMessages + 2);
  const doubt = errorsOfDoubt * Math.sqrt((others * (1 - others)) / (othersMessages + 2));
  const allowed = others + doubt + failedShareMoreMax;
  if (allowed >= 1) return false;
  const bad = (1 + allowed) / 2;
  const likelihood = failed * Math.log(bad / allowed) + (messages - failed) * Math.log((1 - bad) / (1 - allowed));
  return likelihood > Math.log(mistakenOnceIn);
}
