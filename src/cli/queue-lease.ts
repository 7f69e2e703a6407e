import { choice, integer, text } from '../config/schema.ts';
import type { ConsumerInfo } from '../queues/engine.ts';
import type { MessageAnswer } from './answers.ts';
import { Api, path } from './api.ts';
import { type Command, command, type Terminal } from './command.ts';
import { apiOptions, value, valueOr } from './options.ts';
import { print } from './print.ts';
import { shortenedPayload } from './shortened-payload.ts';
import { formatCount, formatTable, formatTime } from './table.ts';

const name = { name: 'QUEUE', sentence: 'the name of a queue' };
const token = { name: 'TOKEN', sentence: 'what a lease said beside the message' };
const seconds = integer(1, 12 * 3_600);

interface LeasedAnswer extends Omit<MessageAnswer, 'state' | 'attempts'> {
  readonly token: string;
  readonly attempt: number;
  readonly leaseUntil: number;
}

const lease = command({
  name: 'lease',
  summary: 'Takes messages for a while; `ack`, `nack` and `extend` say what becomes of each',
  operands: [name],
  options: {
    max: valueOr(integer(1, 256), 1, { placeholder: 'N', sentence: 'Messages at most.' }),
    wait: valueOr(integer(0, 20), 0, { placeholder: 'SECONDS', sentence: 'How long to wait for the first.' }),
    group: value(text(), { placeholder: 'GROUP', sentence: 'Of a log: whose position is shared.' }),
    lease: value(seconds, { placeholder: 'SECONDS', sentence: "For how long; the queue's own where absent." }),
    ...apiOptions,
  },
  async run({ options, operands: [queue], terminal }) {
    const { max, wait: waitSeconds, lease: leaseSeconds, group } = options;
    const api = new Api(options.url, options.token);
    const answer = await api.post<{ messages: readonly LeasedAnswer[]; paused?: boolean }>(
      path`/v1/queues/${queue}/lease`,
      { max, waitSeconds, leaseSeconds, group },
    );
    return print(terminal, options.json, answer, ({ messages, paused }) =>
      formatTable(
        messages,
        [
          { title: 'sequence', cell: (row) => String(row.sequence) },
          { title: 'attempt', cell: (row) => row.attempt },
          { title: 'until', cell: (row) => formatTime(row.leaseUntil) },
          { title: 'token', cell: (row) => row.token },
          { title: 'topic', cell: (row) => row.topic },
          { title: 'payload', cell: shortenedPayload },
        ],
        paused ? 'Nothing came: the queue is paused (`sluice queue resume`).' : 'Nothing came.',
      ),
    );
  },
});

interface TokenResults {
  readonly results: readonly { readonly ok: boolean }[];
}

/** Exit status 1 where the lease is over. */
function settled(terminal: Terminal, json: boolean, answer: TokenResults, done: string): number {
  const isHeld = answer.results.every(({ ok }) => ok);
  const status = print(terminal, json, answer, () =>
    isHeld ? done : 'The lease is over: somebody else has the message.',
  );
  return isHeld ? status : 1;
}

const ack = command({
  name: 'ack',
  summary: 'Acknowledges a leased message: it leaves the queue',
  operands: [name, token],
  options: apiOptions,
  async run({ options, operands: [queue, leased], terminal }) {
    const api = new Api(options.url, options.token);
    const answer = await api.post<TokenResults>(path`/v1/queues/${queue}/ack`, { tokens: [leased] });
    return settled(terminal, options.json, answer, 'Acknowledged.');
  },
});

const nack = command({
  name: 'nack',
  summary: 'Gives a leased message back',
  operands: [name, token],
  options: {
    mode: valueOr(choice('failed', 'released', 'rejected'), 'failed', {
      placeholder: 'MODE',
      sentence: '`failed` counts a try, `released` does not, `rejected` puts it into the dead letters.',
    }),
    reason: valueOr(text(), '', { placeholder: 'TEXT', sentence: 'Why.' }),
    ...apiOptions,
  },
  async run({ options, operands: [queue, leased], terminal }) {
    const { mode, reason } = options;
    const api = new Api(options.url, options.token);
    const answer = await api.post<TokenResults>(path`/v1/queues/${queue}/nack`, { tokens: [leased], mode, reason });
    return settled(terminal, options.json, answer, `Given back as ${mode}.`);
  },
});

const extend = command({
  name: 'extend',
  summary: 'Holds a leased message for longer, from now',
  operands: [name, token],
  options: {
    lease: value(seconds, { placeholder: 'SECONDS', sentence: "For how long; the queue's own where absent." }),
    ...apiOptions,
  },
  async run({ options, operands: [queue, leased], terminal }) {
    const api = new Api(options.url, options.token);
    const body = { tokens: [leased], leaseSeconds: options.lease };
    const answer = await api.post<TokenResults>(path`/v1/queues/${queue}/extend`, body);
    const how = options.lease === undefined ? 'as long as the queue says' : formatCount(options.lease, 'second');
    return settled(terminal, options.json, answer, `Held for ${how}, from now.`);
  },
});

interface ConsumersAnswer {
  readonly consumers: readonly ConsumerInfo[];
  readonly omitted: number;
}

const consumers = command({
  name: 'consumers',
  summary: 'Lists who consumes a queue',
  operands: [name],
  options: apiOptions,
  async run({ options, operands: [queue], terminal }) {
    const api = new Api(options.url, options.token);
    const answer = await api.get<ConsumersAnswer>(path`/v1/queues/${queue}/consumers`);
    return print(terminal, options.json, answer, ({ consumers: rows, omitted }) =>
      [
        formatTable(
          rows,
          [
            { title: 'consumer', cell: (row) => row.id },
            { title: 'kind', cell: (row) => row.kind },
            { title: 'group', cell: (row) => row.group ?? '' },
            { title: 'holds', cell: (row) => row.inflight },
            { title: 'lost', cell: (row) => row.lost },
            { title: 'of at most', cell: (row) => row.limit },
            { title: 'since', cell: (row) => formatTime(row.since) },
            { title: 'settled last', cell: (row) => formatTime(row.settledAt) },
          ],
          'Nobody consumes it.',
        ),
        ...(omitted > 0 ? [`And ${formatCount(omitted, 'more consumer')}.`] : []),
      ].join('\n'),
    );
  },
});

/** What one does with a queue's messages, step by step. */
export const leaseCommands: readonly Command[] = [lease, ack, nack, extend, consumers];
