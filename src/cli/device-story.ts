import { text } from '../config/schema.ts';
import type { HistoryRow } from '../devices/store.ts';
import { Api, path } from './api.ts';
import { command } from './command.ts';
import { formatHistory } from './device-history.ts';
import { apiOptions, value } from './options.ts';
import { print } from './print.ts';
import { formatCount, formatFields, formatTime } from './table.ts';

interface Place {
  readonly sequence: number;
  readonly state: string;
  readonly attempts: number;
  readonly enqueuedAt: number;
  readonly availableAt?: number;
  readonly lastError?: string;
}

interface StoryAnswer {
  readonly deviceId: string;
  readonly messageId: string;
  readonly status: string;
  readonly waiting?: Place;
  readonly dead?: Place & { readonly code?: string; readonly reason?: string; readonly lastFailureAt?: number };
  readonly processed?: { readonly at: number; readonly readings: number };
  readonly rows: readonly HistoryRow[];
}

interface StoriesAnswer {
  readonly stories: readonly StoryAnswer[];
  readonly complete: boolean;
}

export const story = command({
  name: 'story',
  summary: 'Tells where a message of a device is, and what became of it',
  operands: [{ name: 'MESSAGE', sentence: 'the id of a message, as `device history` and `dead show` print it' }],
  options: {
    device: value(text(), { placeholder: 'DEVICE', sentence: 'Only the message of this device.' }),
    ...apiOptions,
  },
  async run({ options, operands: [messageId], terminal }) {
    const api = new Api(options.url, options.token);
    if (options.device === undefined) {
      return print(terminal, options.json, await api.get<StoriesAnswer>(path`/v1/messages/${messageId}`), formatAll);
    }
    const answer = await api.get<StoryAnswer>(path`/v1/devices/${options.device}/messages/${messageId}`);
    return print(terminal, options.json, answer, formatStory);
  },
});

function formatAll({ stories, complete }: StoriesAnswer): string {
  const more = 'Not all that waits was looked at: other devices may have messages with this id, too.';
  return [stories.map(formatStory).join('\n\n'), ...(complete ? [] : [more])].join('\n');
}

function formatStory({ deviceId, messageId, status, waiting, dead, processed, rows }: StoryAnswer): string {
  const fields = formatFields({
    device: deviceId,
    message: messageId,
    status,
    ...(waiting && {
      waits: `${waiting.state} since ${formatTime(waiting.enqueuedAt)}, as ${waiting.sequence} of ingest`,
      attempts: waiting.attempts,
      'next try': formatTime(waiting.availableAt),
      'last error': waiting.lastError,
    }),
    ...(dead && {
      died: `${formatTime(dead.lastFailureAt)} of ${dead.code ?? '-'}: ${dead.reason ?? '-'}`,
      'dead letter': `${dead.sequence}: sluice dead inspect ${dead.sequence}`,
    }),
    ...(processed && { processed: `${formatTime(processed.at)}, ${formatCount(processed.readings, 'reading')}` }),
  });
  return rows.length === 0 ? fields : `${fields}\n${formatHistory(rows)}`;
}
