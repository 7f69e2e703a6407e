import { integer, jsonObject, text } from '../config/schema.ts';
import { groupStartForms } from '../queues/group-start.ts';
import type { MoveStatus } from '../queues/move-spec.ts';
import type { PreviewAnswer } from './answers.ts';
import { Api, path } from './api.ts';
import { command, group } from './command.ts';
import { apiOptions, switchable, value, valueOr } from './options.ts';
import { print } from './print.ts';
import { shortenedPayload } from './shortened-payload.ts';
import { type Column, formatCount, formatFields, formatTable, formatTime } from './table.ts';

const queueName = text({ expected: 'the name of a queue' });
const place = text({ expected: 'a place in a log' });
const moveId = { name: 'MOVE', sentence: 'the id of a move, as `sluice move list` prints it' };
/** Longest wait that the API takes. */
const waitSecondsMax = 20;

/** What a move and a replay are told alike. */
export const moveOptions = {
  edit: value(jsonObject('a JSON object of changes'), {
    placeholder: 'JSON',
    sentence: 'What becomes different of each message, for example {"payloadPatch":{"unit":"C"}}.',
  }),
  limit: value(integer(1), { placeholder: 'N', sentence: 'Messages at most.' }),
  rate: value(integer(1, 1_000_000), { placeholder: 'N', sentence: 'Messages per second at most.' }),
  'dry-run': switchable({ sentence: 'Only say what would happen.' }),
};

const start = command({
  name: 'start',
  summary: 'Moves messages from one queue to another, or copies them out of a log, which keeps them',
  note: 'The server goes on with it whatever becomes of this command. Messages that come in the meantime are not meant.',
  operands: [{ name: 'QUEUE', sentence: 'the name of the queue or log that they are in' }],
  options: {
    to: value(queueName, {
      placeholder: 'NAME',
      sentence: 'Queue that they go to; without it dead letters go back to where they came from.',
    }),
    copy: switchable({ sentence: 'Copy: the messages stay in QUEUE, which must be a log.' }),
    start: value(place, {
      placeholder: 'PLACE',
      sentence: `Of a log, the first message that is meant: ${groupStartForms}.`,
    }),
    end: value(place, { placeholder: 'PLACE', sentence: 'Of a log, the first one that is not meant any more.' }),
    filter: value(jsonObject('a JSON object of conditions'), {
      placeholder: 'JSON',
      sentence: 'Which messages are meant, for example {"topic":"lamps/+","payload":{"$.on":true}}.',
    }),
    ...moveOptions,
    wait: valueOr(integer(0, waitSecondsMax), 0, { placeholder: 'SECONDS', sentence: 'Wait so long for the end.' }),
    ...apiOptions,
  },
  async run({ options, operands: [from], terminal }) {
    const { to, copy, start, end, filter, edit, limit, rate, wait: waitSeconds, 'dry-run': dryRun } = options;
    const api = new Api(options.url, options.token);
    const request = { from, to, copy, start, end, filter, edit, limit, rate, dryRun, waitSeconds };
    if (dryRun) {
      const answer = await api.post<PreviewAnswer>('/v1/moves', request);
      return print(terminal, options.json, answer, (told) => formatPreview(told, copy ? 'copied' : 'moved'));
    }
    return print(terminal, options.json, await api.post<MoveStatus>('/v1/moves', request), formatMove);
  },
});

const show = command({
  name: 'show',
  summary: 'Shows how far a move has come',
  operands: [moveId],
  options: {
    wait: valueOr(integer(0, waitSecondsMax), 0, { placeholder: 'SECONDS', sentence: 'Wait so long for the end.' }),
    ...apiOptions,
  },
  async run({ options, operands: [id], terminal }) {
    const api = new Api(options.url, options.token);
    const answer = await api.get<MoveStatus>(path`/v1/moves/${id}`, { waitSeconds: options.wait });
    return print(terminal, options.json, answer, formatMove);
  },
});

const list = command({
  name: 'list',
  summary: 'Lists the moves that run, and the last that ended',
  options: apiOptions,
  async run({ options, terminal }) {
    const answer = await new Api(options.url, options.token).get<{ moves: readonly MoveStatus[] }>('/v1/moves');
    return print(terminal, options.json, answer, ({ moves }) => formatTable(moves, columns, 'There are no moves.'));
  },
});

const cancel = command({
  name: 'cancel',
  summary: 'Ends a move; what moved or was copied stays where it is now, and the rest stays where it is',
  operands: [moveId],
  options: apiOptions,
  async run({ options, operands: [id], terminal }) {
    const answer = await new Api(options.url, options.token).delete<MoveStatus>(path`/v1/moves/${id}`);
    return print(terminal, options.json, answer, (status) =>
      status.state === 'cancelled'
        ? formatMove(status)
        : `${formatMove(status)}\nThere was nothing to cancel: the move had ended.`,
    );
  },
});

const resume = command({
  name: 'resume',
  summary: 'Goes on with a move that was cancelled or failed, from where it was',
  operands: [moveId],
  options: apiOptions,
  async run({ options, operands: [id], terminal }) {
    const answer = await new Api(options.url, options.token).post<MoveStatus>(path`/v1/moves/${id}/resume`, {});
    return print(terminal, options.json, answer, formatMove);
  },
});

export const move = group('move', 'Moves messages between queues, or copies those of a log', [
  start,
  show,
  list,
  cancel,
  resume,
]);

const columns: readonly Column<MoveStatus>[] = [
  { title: 'move', cell: (row) => row.id },
  { title: 'from', cell: (row) => row.spec.from },
  { title: 'to', cell: (row) => targetOf(row) },
  { title: 'state', cell: (row) => row.state },
  { title: 'scanned', cell: (row) => row.scanned },
  { title: 'total', cell: (row) => row.total },
  { title: 'matched', cell: (row) => row.matched },
  { title: 'moved', cell: (row) => row.moved },
  { title: 'copied', cell: (row) => row.copied },
  { title: 'superseded', cell: (row) => row.superseded },
  { title: 'started', cell: (row) => formatTime(row.startedAt) },
  { title: 'reason', cell: (row) => row.reason },
];

function formatMove(status: MoveStatus): string {
  const { id, spec, state, scanned, total, matched, moved, copied, superseded, startedAt, endedAt, reason } = status;
  return [
    formatFields({
      move: id,
      from: spec.from,
      to: targetOf(status),
      state,
      scanned: `${scanned.toLocaleString('en')} of ${total.toLocaleString('en')}`,
      matched,
      ...(spec.copy ? { copied } : { moved }),
      superseded,
      started: formatTime(startedAt),
      ended: formatTime(endedAt),
      reason,
    }),
    ...formatSkipped(status.skipped),
  ].join('\n');
}

function targetOf({ spec }: Pick<MoveStatus, 'spec'>): string {
  return spec.to ?? 'where each came from';
}

/** `done`: what would become of the messages. */
export function formatPreview({ movable, skipped, samples }: PreviewAnswer, done: string): string {
  const table = formatTable(
    samples,
    [
      { title: 'sequence', cell: (row) => String(row.sequence) },
      { title: 'to', cell: (row) => row.to },
      { title: 'topic', cell: (row) => row.topic },
      { title: 'payload', cell: (row) => shortenedPayload(row) },
    ],
    '',
  );
  const head = `${formatCount(movable, 'message')} would be ${done}.`;
  return [head, table, ...formatSkipped(skipped)].filter((part) => part !== '').join('\n');
}

export function formatSkipped(skipped: MoveStatus['skipped']): string[] {
  return skipped.map(({ sequence, reason }) => `Left ${sequence}: ${reason}`);
}
