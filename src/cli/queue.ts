import { integer, jsonObject, text } from '../config/schema.ts';
import type { JsonObject } from '../std/json.ts';
import type { MessageAnswer, MessagesAnswer, NumbersAnswer, QueueAnswer } from './answers.ts';
import { Api, ApiError, path } from './api.ts';
import { type Command, command, group, UsageError } from './command.ts';
import { apiOptions, many, valueOr } from './options.ts';
import { print } from './print.ts';
import { consume } from './queue-consume.ts';
import { forget, groups, seek } from './queue-groups.ts';
import { leaseCommands } from './queue-lease.ts';
import { shortenedPayload } from './shortened-payload.ts';
import { type Column, formatCount, formatFields, formatTable, formatTime } from './table.ts';

const name = { name: 'QUEUE', sentence: 'the name of a queue' };

const list = command({
  name: 'list',
  summary: 'Lists the queues',
  note: 'Of a log, ready and oldest say what the group that is furthest behind has before it, since its messages stay when they are read. Needed is how many consumers the pace of the last minute asks for; a queue of dead letters that nobody consumes needs none.',
  options: apiOptions,
  async run({ options, terminal }) {
    const answer = await new Api(options.url, options.token).get<{ queues: readonly QueueAnswer[] }>('/v1/queues');
    return print(terminal, options.json, answer, ({ queues }) => {
      const forDeadLetters = new Set(queues.map((row) => row.options.deadLetter));
      return formatTable(
        queues,
        [
          { title: 'queue', cell: (row) => row.name },
          { title: 'ready', cell: (row) => backlogOf(row).messages },
          { title: 'leased', cell: (row) => row.stats.leased },
          { title: 'scheduled', cell: (row) => row.stats.scheduled },
          { title: 'in/s', cell: (row) => tenths(row.stats.perSecond.enqueued) },
          { title: 'done/s', cell: (row) => tenths(row.stats.perSecond.acknowledged) },
          { title: 'consumers', cell: (row) => row.stats.consumers },
          {
            title: 'needed',
            cell: (row) => (isLeftAlone(row, forDeadLetters) ? undefined : row.stats.desiredConsumers),
          },
          { title: 'oldest ready (ms)', cell: (row) => backlogOf(row).oldestMs },
          { title: 'dead letters', cell: (row) => row.stats.deadLetters },
          { title: 'paused', cell: (row) => (row.options.paused ? 'yes' : undefined) },
          { title: 'alerts', cell: (row) => row.stats.alerts.join(' ') },
          { title: 'bound to', cell: (row) => row.options.bindings.map((binding) => binding.filter).join(' ') },
        ],
        'There are no queues.',
      );
    });
  },
});

/** What waits for consumers. The messages of a log that nobody reads wait for nobody. */
function backlogOf({ options, stats }: QueueAnswer): { messages: number | undefined; oldestMs: number | undefined } {
  if (options.kind !== 'log') return { messages: stats.ready, oldestMs: stats.oldestReadyAgeMs };
  if (stats.groups.length === 0) return { messages: undefined, oldestMs: undefined };
  return {
    messages: Math.max(...stats.groups.map(({ lagMessages }) => lagMessages)),
    oldestMs: Math.max(...stats.groups.map(({ lagMs }) => lagMs)),
  };
}

/** Whether it takes the dead letters of others, to be looked at and replayed, and nobody consumes it. */
function isLeftAlone({ name: queue, stats }: QueueAnswer, forDeadLetters: ReadonlySet<string | null>): boolean {
  return forDeadLetters.has(queue) && stats.consumers === 0;
}

const show = command({
  name: 'show',
  summary: 'Shows a queue with its options and numbers',
  operands: [name],
  options: apiOptions,
  async run({ options, operands: [queue], terminal }) {
    const answer = await new Api(options.url, options.token).get<QueueAnswer>(path`/v1/queues/${queue}`);
    return print(terminal, options.json, answer, ({ options: queueOptions, createdAt, stats }) =>
      // Apart, for `alerts`, `expired` and `desiredConsumers` are options and numbers.
      [formatFields({ queue, created: formatTime(createdAt), ...queueOptions }), formatFields(stats)].join('\n\n'),
    );
  },
});

const bind = many(text({ expected: 'a topic filter' }), {
  placeholder: 'FILTER',
  sentence: 'Topic filter whose messages go into the queue.',
});
const queueOptions = valueOr(
  jsonObject('a JSON object of queue options'),
  {},
  { placeholder: 'JSON', sentence: 'Options of the queue, for example {"maxDeliveries":3}.' },
);

const create = command({
  name: 'create',
  summary: 'Makes a queue',
  operands: [name],
  options: {
    bind,
    options: queueOptions,
    ...apiOptions,
  },
  async run({ options, operands: [queue], terminal }) {
    const api = new Api(options.url, options.token);
    const isThere = (await api.find(path`/v1/queues/${queue}`, 'queue_not_found')) !== undefined;
    const answer = await api.post('/v1/queues', { name: queue, options: optionsGiven(options) }).catch((problem) => {
      throw isConflict(problem) ? new Error(differsSentence(queue, problem), { cause: problem }) : problem;
    });
    return print(terminal, options.json, answer, () =>
      isThere ? `Queue ${queue} is there already, with these options.` : `Made queue ${queue}.`,
    );
  },
});

const set = command({
  name: 'set',
  summary: 'Changes the options that are named of a queue; the others stay',
  operands: [name],
  options: {
    bind: { ...bind, sentence: 'Topic filter whose messages go into the queue, in place of all that are there.' },
    options: queueOptions,
    ...apiOptions,
  },
  async run({ options, operands: [queue], terminal }) {
    const given = optionsGiven(options);
    if (Object.keys(given).length === 0) throw new UsageError('Give what to change: --bind or --options');
    const api = new Api(options.url, options.token);
    const answer = await api.patch(path`/v1/queues/${queue}`, { options: given });
    return print(terminal, options.json, answer, () => `Changed queue ${queue}.`);
  },
});

const remove = command({
  name: 'delete',
  summary: 'Deletes a queue with its messages',
  operands: [name],
  options: apiOptions,
  async run({ options, operands: [queue], terminal }) {
    await new Api(options.url, options.token).delete(path`/v1/queues/${queue}`);
    return print(terminal, options.json, { deleted: queue }, () => `Deleted queue ${queue}.`);
  },
});

const browse = command({
  name: 'browse',
  summary: 'Shows the messages of a queue without taking them',
  operands: [name],
  options: {
    from: valueOr(integer(0), 0, { placeholder: 'SEQUENCE', sentence: 'First sequence to look at.' }),
    limit: valueOr(integer(1, 1000), 20, { placeholder: 'N', sentence: 'Messages at most.' }),
    ...apiOptions,
  },
  async run({ options, operands: [queue], terminal }) {
    const { from, limit } = options;
    const api = new Api(options.url, options.token);
    const answer = await api.get<MessagesAnswer>(path`/v1/queues/${queue}/messages`, { from, limit });
    return print(terminal, options.json, answer, ({ messages, next }) =>
      [formatMessages(messages), ...(next === undefined ? [] : [`More: --from ${next}`])].join('\n'),
    );
  },
});

const purge = command({
  name: 'purge',
  summary: 'Removes every message that is not leased',
  operands: [name],
  options: apiOptions,
  async run({ options, operands: [queue], terminal }) {
    const api = new Api(options.url, options.token);
    const answer = await api.post<{ purged: number }>(path`/v1/queues/${queue}/purge`);
    return print(
      terminal,
      options.json,
      answer,
      ({ purged }) => `Removed ${formatCount(purged, 'message')} from ${queue}.`,
    );
  },
});

const stats = command({
  name: 'stats',
  summary: 'Shows the numbers of a queue',
  operands: [name],
  options: apiOptions,
  async run({ options, operands: [queue], terminal }) {
    const answer = await new Api(options.url, options.token).get<NumbersAnswer>(path`/v1/queues/${queue}/stats`);
    return print(terminal, options.json, answer, (numbers) => formatFields(flat(numbers)));
  },
});

export const queue = group('queue', 'Works with queues', [
  list,
  show,
  create,
  set,
  remove,
  browse,
  consume,
  ...leaseCommands,
  purge,
  turn('pause', 'Stops handing out messages; publishing goes on', 'Paused'),
  turn('resume', 'Hands out messages again', 'Resumed'),
  stats,
  groups,
  seek,
  forget,
]);

function turn(verb: 'pause' | 'resume', summary: string, done: string): Command {
  return command({
    name: verb,
    summary,
    operands: [name],
    options: apiOptions,
    async run({ options, operands: [queue], terminal }) {
      const answer = await new Api(options.url, options.token).post(`${path`/v1/queues/${queue}`}/${verb}`);
      return print(terminal, options.json, answer, () => `${done} queue ${queue}.`);
    },
  });
}

/** What stands inside others gets a line too: `perSecond.enqueued`. */
function flat(numbers: object, prefix = ''): Record<string, unknown> {
  const lines: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(numbers)) {
    const isGroup = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (isGroup) Object.assign(lines, flat(value, `${prefix}${name}.`));
    else lines[`${prefix}${name}`] = value;
  }
  return lines;
}

function tenths(rate: number): number {
  return Math.round(rate * 10) / 10;
}

function optionsGiven({
  bind,
  options,
}: {
  readonly bind: readonly string[];
  readonly options: JsonObject;
}): JsonObject {
  return { ...options, ...(bind.length > 0 && { bindings: bind.map((filter) => ({ filter })) }) };
}

function isConflict(problem: unknown): problem is ApiError {
  return problem instanceof ApiError && problem.code === 'conflict';
}

/** The server names the request of HTTP that changes a queue; here it is a command. */
function differsSentence(queue: string, problem: ApiError): string {
  const difference = problem.message.replace(/^Change queue .* with PATCH: it is there already, /, '');
  return `Change queue "${queue}" with \`sluice queue set\`: it is there already, ${difference}`;
}

/** Messages as a table, for the dead letters too, which say more of each. */
export function formatMessages(
  messages: readonly MessageAnswer[],
  more: readonly Column<MessageAnswer>[] = [],
): string {
  return formatTable(
    messages,
    [
      { title: 'sequence', cell: (row) => String(row.sequence) },
      { title: 'state', cell: (row) => row.state },
      { title: 'attempts', cell: (row) => row.attempts },
      { title: 'enqueued', cell: (row) => formatTime(row.enqueuedAt) },
      ...more,
      { title: 'topic', cell: (row) => row.topic },
      { title: 'payload', cell: (row) => shortenedPayload(row) },
    ],
    'There are no messages.',
  );
}
