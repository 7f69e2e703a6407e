import { integer, text } from '../config/schema.ts';
import type { MoveStatus } from '../queues/move-spec.ts';
import type { MessageAnswer, MessagesAnswer, RehearsalAnswer } from './answers.ts';
import { Api } from './api.ts';
import { command, group } from './command.ts';
import { inspect } from './dead-inspect.ts';
import { deadLettersOf, deadQueueOption, list, recount } from './dead-list.ts';
import { tryOut } from './dead-try.ts';
import { formatPreview, formatSkipped, moveOptions } from './move.ts';
import { apiOptions, many, value, valueOr } from './options.ts';
import { print } from './print.ts';
import { formatMessages } from './queue.ts';
import { type Column, formatCount, formatTable } from './table.ts';

const fingerprint = value(text({ expected: 'a fingerprint, as `sluice dead list` prints it' }), {
  placeholder: 'F',
  sentence: 'Only what died of this cause.',
});

const show = command({
  name: 'show',
  summary: 'Shows dead letters one by one',
  options: {
    queue: deadQueueOption,
    fingerprint,
    from: valueOr(integer(0), 0, { placeholder: 'SEQUENCE', sentence: 'First sequence to look at.' }),
    limit: valueOr(integer(1, 1000), 20, { placeholder: 'N', sentence: 'Messages at most.' }),
    ...apiOptions,
  },
  async run({ options, terminal }) {
    const { queue, fingerprint, from, limit } = options;
    const api = new Api(options.url, options.token);
    const query = { queue, fingerprint, from, limit };
    const answer = await api.get<MessagesAnswer>('/v1/dead-letters/messages', query);
    const elsewhere = answer.messages.every(({ death }) => death === undefined) ? await deadLettersOf(api, queue) : [];
    return print(terminal, options.json, answer, ({ messages, next }) =>
      [
        formatMessages(messages.map(asItDied), originColumns(messages)),
        ...messages.map(({ sequence, death }) => `${sequence}: ${death?.reason ?? '-'} (${death?.code ?? '-'})`),
        ...elsewhere,
        ...(next === undefined ? [] : [`More: --from ${next}`]),
      ].join('\n'),
    );
  },
});

const replay = command({
  name: 'replay',
  summary: 'Gives dead letters back to where they came from',
  note: 'The server does it, as a move: Ctrl-C ends the waiting and not the replay. `sluice move list` shows how far it is, `sluice move cancel ID` stops it.',
  options: {
    queue: deadQueueOption,
    fingerprint,
    sequence: many(integer(0), { placeholder: 'SEQUENCE', sentence: 'Only this message.' }),
    ...moveOptions,
    ...apiOptions,
  },
  async run({ options, terminal }) {
    const { queue, fingerprint, edit, limit, rate, 'dry-run': dryRun } = options;
    const sequences = options.sequence.length === 0 ? undefined : options.sequence;
    const api = new Api(options.url, options.token);
    const request = { queue, fingerprint, sequences, edit, limit, rate, dryRun };
    const answer = await api.post<RehearsalAnswer | MoveStatus>('/v1/dead-letters/replay', request);
    const chosen = fingerprint !== undefined || sequences !== undefined;
    if (answer.matched === 0 && chosen && hasLookedAtAll(answer)) {
      if (options.json) print(terminal, true, answer, String);
      terminal.err(`Nothing to replay: no dead letter of "${queue}" has ${wish(fingerprint, sequences)}`);
      return 1;
    }
    return print(terminal, options.json, answer, (told) =>
      'samples' in told && dryRun ? formatRehearsal(told) : formatReplay(told as MoveStatus),
    );
  },
});

export const dead = group('dead', 'Looks at dead letters and replays them', [
  list,
  recount,
  show,
  inspect,
  tryOut,
  replay,
]);

/** How often it was tried before it died: in the queue of dead letters nobody tries it. */
function asItDied(message: MessageAnswer): MessageAnswer {
  return { ...message, attempts: message.death?.attempts ?? message.attempts };
}

/** Which device and message it was, where the death says so: those of the pipeline do. */
function originColumns(messages: readonly MessageAnswer[]): Column<MessageAnswer>[] {
  const column = (title: string, header: string): Column<MessageAnswer> => ({
    title,
    cell: ({ death }) => death?.headers?.find(([name]) => name === header)?.[1],
  });
  const columns = [column('device', 'device-id'), column('message', 'message-id')];
  return columns.filter(({ cell }) => messages.some((message) => cell(message) !== undefined));
}

function wish(fingerprint: string | undefined, sequences: readonly number[] | undefined): string {
  return [
    ...(fingerprint === undefined ? [] : [`fingerprint "${fingerprint}"`]),
    ...(sequences === undefined ? [] : [`sequence ${sequences.join(' or ')}`]),
  ].join(' and ');
}

export function formatRehearsal(answer: RehearsalAnswer): string {
  const { movable, skipped, rehearsal } = answer;
  if (rehearsal === undefined) return formatPreview(answer, 'replayed');
  const table = formatTable(
    rehearsal,
    [
      { title: 'sequence', cell: (row) => String(row.sequence) },
      { title: 'device', cell: (row) => row.deviceId },
      { title: 'message', cell: (row) => row.messageId },
      { title: 'would be', cell: (row) => row.now },
      { title: 'driver', cell: ({ driver }) => driver && `${driver.id} ${driver.version}` },
      { title: 'because', cell: (row) => row.error?.reason },
      { title: 'readings', cell: ({ readings }) => readings.map(({ data }) => JSON.stringify(data)).join(' ') },
    ],
    '',
  );
  const head = `${formatCount(movable, 'message')} would be replayed.`;
  return [head, table, ...formatSkipped(skipped)].filter((part) => part !== '').join('\n');
}

function formatReplay({ id, state, moved, matched, endedAt, reason, skipped = [] }: MoveStatus): string {
  return [
    `Replayed ${moved.toLocaleString('en')} of ${formatCount(matched, 'message')}.`,
    ...(state === 'cancelled' ? [`It was cancelled: sluice move resume ${id} goes on.`] : []),
    ...(reason === undefined ? [] : [reason]),
    ...(id === undefined || endedAt !== undefined ? [] : [`It goes on: sluice move show ${id}`]),
    ...formatSkipped(skipped),
  ].join('\n');
}

/** A move that goes on may find some yet. */
function hasLookedAtAll(answer: RehearsalAnswer | MoveStatus): boolean {
  return !('state' in answer) || answer.endedAt !== undefined;
}
