import { type Message, userProperty } from '../../message.ts';

/*
 * What a publisher asks of the queues for one message, as user properties. Undefined where nothing is asked, and NaN where
 * what is asked cannot be.
 */

const askedPriorityMax = 10;
const askedDelayMsMax = 365 * 24 * 3_600_000;

/** Milliseconds. */
export function askedDelayMs(message: Message): number | undefined {
  return asked(message, 'sluice-delay', 0, askedDelayMsMax);
}

/** From 1. */
export function askedPriority(message: Message): number | undefined {
  return asked(message, 'sluice-priority', 1, askedPriorityMax);
}

/** What is wrong with what is asked, as the end of a sentence; undefined where all of it can be. */
export function wishProblem(message: Message, priorities: number): string | undefined {
  if (message.properties?.userProperties === undefined) return undefined;
  if (priorities > 1 && Number.isNaN(askedPriority(message)))
    return `its "sluice-priority" is ${quote(message, 'sluice-priority')}, not a number from 1 to ${askedPriorityMax}`;
  if (!Number.isNaN(askedDelayMs(message))) return undefined;
  return `its "sluice-delay" is ${quote(message, 'sluice-delay')}, not a number of milliseconds up to ${askedDelayMsMax}`;
}

function quote(message: Message, name: string): string {
  return JSON.stringify(userProperty(message, name)?.slice(0, 64));
}

function asked(message: Message, name: string, min: number, max: number): number | undefined {
  if (message.properties?.userProperties === undefined) return undefined;
  const text = userProperty(message, name);
  if (text === undefined) return undefined;
  const number = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  return number >= min && number <= max ? number : Number.NaN;
}
