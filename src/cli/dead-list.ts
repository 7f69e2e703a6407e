import { text } from '../config/schema.ts';
import {
  type ClosedGroup,
  type DeadLetterGroup,
  type DeadLetterGroups,
  departureNames,
} from '../queues/causes/dead-letter-groups.ts';
import { didYouMean } from '../std/nearest.ts';
import type { QueueAnswer } from './answers.ts';
import { Api, path } from './api.ts';
import { command } from './command.ts';
import { apiOptions, valueOr } from './options.ts';
import { print } from './print.ts';
import { formatCount, formatTable, formatTime } from './table.ts';

export const deadQueueOption = valueOr(text({ expected: 'the name of a queue' }), 'ingest.dead', {
  placeholder: 'NAME',
  sentence: 'Dead-letter queue.',
});

const options = { queue: deadQueueOption, ...apiOptions };

export const list = command({
  name: 'list',
  summary: 'Groups the dead letters by their cause',
  options,
  async run({ options, terminal }) {
    const api = new Api(options.url, options.token);
    const answer = await api.get<DeadLetterGroups>('/v1/dead-letters', { queue: options.queue });
    const elsewhere = answer.groups.length === 0 ? await deadLettersOf(api, options.queue) : [];
    return print(terminal, options.json, answer, (told) => [formatAll(told), ...elsewhere].join('\n'));
  },
});

export const recount = command({
  name: 'recount',
  summary: 'Counts the groups anew, from the dead letters themselves',
  options,
  async run({ options, terminal }) {
    const api = new Api(options.url, options.token);
    const answer = await api.post<DeadLetterGroups>('/v1/dead-letters/recount', { queue: options.queue });
    return print(terminal, options.json, answer, formatAll);
  },
});

/** A line that says where the dead letters of a queue go, or that there is no such queue; none where it is one for dead letters itself. */
export async function deadLettersOf(api: Api, name: string): Promise<readonly string[]> {
  const queue = await api.find<QueueAnswer>(path`/v1/queues/${name}`, 'queue_not_found');
  if (queue === undefined) return noQueue(api, name);
  const { deadLetter } = queue.options;
  return deadLetter == null ? [] : [`What dies in "${name}" goes to "${deadLetter}": --queue ${deadLetter}`];
}

/** A queue for dead letters is made with the first one. */
async function noQueue(api: Api, name: string): Promise<readonly string[]> {
  const { queues } = await api.get<{ queues: readonly QueueAnswer[] }>('/v1/queues');
  if (queues.some(({ options: { deadLetter } }) => deadLetter === name)) return [];
  const known = queues.flatMap(({ name: own, options: { deadLetter } }) =>
    deadLetter === null ? [own] : [own, deadLetter],
  );
  return [`There is no queue "${name}"${didYouMean(name, new Set(known))}`];
}

function formatAll({ groups, other, closed = [], withoutDeath = 0 }: DeadLetterGroups): string {
  return [
    formatGroups(other === undefined ? groups : [...groups, other]),
    ...(withoutDeath === 0 ? [] : [`${formatCount(withoutDeath, 'message')} published here, which died of nothing.`]),
    ...(closed.length === 0 ? [] : ['', 'Closed:', formatClosed(closed)]),
  ].join('\n');
}

export function formatGroups(groups: readonly DeadLetterGroup[]): string {
  return formatTable(
    groups,
    [
      { title: 'count', cell: (row) => row.count },
      { title: 'fingerprint', cell: (row) => row.fingerprint },
      { title: 'code', cell: (row) => row.code },
      { title: 'stage', cell: (row) => row.stage },
      { title: 'driver', cell: ({ driver, driverVersions }) => [driver, ...driverVersions].join(' ') || undefined },
      { title: 'device types', cell: (row) => row.deviceTypes.join(' ') },
      { title: 'event types', cell: (row) => row.eventTypes.join(' ') },
      { title: 'a minute', cell: (row) => row.growthPerMinute },
      { title: 'last hour', cell: ({ perMinute }) => sparks(perMinute) },
      { title: 'last', cell: (row) => formatTime(row.lastAt) },
      { title: 'reason', cell: (row) => row.reason },
    ],
    'There are no dead letters.',
  );
}

function formatClosed(closed: readonly ClosedGroup[]): string {
  return formatTable(
    closed,
    [
      { title: 'closed', cell: (row) => formatTime(row.closedAt) },
      { title: 'fingerprint', cell: (row) => row.fingerprint },
      { title: 'code', cell: (row) => row.code },
      { title: 'died', cell: (row) => row.died },
      { title: 'left', cell: ({ left }) => ways(left) },
      { title: 'last', cell: (row) => formatTime(row.lastAt) },
      { title: 'reason', cell: (row) => row.reason },
    ],
    '',
  );
}

/** `12 replayed, 3 discarded` */
function ways(left: ClosedGroup['left']): string {
  const met = departureNames.filter((name) => left[name] > 0);
  return met.map((name) => `${left[name]} ${name}`).join(', ');
}

/** A bar for each five minutes, as high as how many died in them beside the most that did. */
function sparks(perMinute: readonly number[]): string {
  const sums: number[] = [];
  for (let at = 0; at < perMinute.length; at += sparkMinutes) {
    sums.push(perMinute.slice(at, at + sparkMinutes).reduce((sum, count) => sum + count, 0));
  }
  const most = Math.max(...sums, 1);
  return sums.map((sum) => bars[Math.ceil((sum / most) * (bars.length - 1))]).join('');
}

const sparkMinutes = 5;
const bars = '·▁▂▃▄▅▆▇█';
