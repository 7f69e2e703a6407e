import { integer, text } from '../config/schema.ts';
import type { Rehearsal } from '../pipeline/rehearsal.ts';
import { Api } from './api.ts';
import { command } from './command.ts';
import { driverFrom, driverOptions } from './dead-inspect.ts';
import { deadQueueOption } from './dead-list.ts';
import { apiOptions, value, valueOr } from './options.ts';
import { print } from './print.ts';
import { formatCount, formatTable } from './table.ts';

interface TrialAnswer {
  readonly tried: number;
  readonly deviceType?: string;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly samples: readonly {
    readonly died?: { readonly code: string; readonly reason: string };
    readonly now: Rehearsal;
  }[];
  readonly next?: number;
}

export const tryOut = command({
  name: 'try',
  summary: 'Tries dead letters with another driver, or with what is there now; nothing changes',
  options: {
    queue: deadQueueOption,
    fingerprint: value(text({ expected: 'a fingerprint, as `sluice dead list` prints it' }), {
      placeholder: 'F',
      sentence: 'Only what died of this cause.',
    }),
    type: value(text(), {
      short: 't',
      placeholder: 'TYPE',
      sentence: 'Only of devices of this type; with --driver and without --fingerprint the type that it is for.',
    }),
    ...driverOptions,
    limit: valueOr(integer(1, 100_000), 1_000, { placeholder: 'N', sentence: 'Messages at most.' }),
    ...apiOptions,
  },
  async run({ options, terminal }) {
    const { queue, fingerprint, limit, type: deviceType } = options;
    const api = new Api(options.url, options.token);
    const request = { queue, fingerprint, deviceType, driver: driverFrom(options.driver), limit };
    const answer = await api.post<TrialAnswer>('/v1/dead-letters/trials', request);
    return print(terminal, options.json, answer, format);
  },
});

function format({ tried, deviceType, outcomes, samples, next }: TrialAnswer): string {
  const counts = Object.entries(outcomes).map(([outcome, count]) => `${count} ${outcome}`);
  return [
    `Tried ${formatCount(tried, 'message')}${deviceType === undefined ? '' : ` of type "${deviceType}"`}: ${counts.join(', ') || 'nothing to try'}.`,
    formatTable(
      samples,
      [
        { title: 'sequence', cell: ({ now }) => String(now.sequence) },
        { title: 'device', cell: ({ now }) => now.deviceId },
        { title: 'died of', cell: ({ died }) => died?.code },
        { title: 'would be', cell: ({ now }) => now.now },
        { title: 'because', cell: ({ now }) => now.error?.reason },
        { title: 'readings', cell: ({ now }) => now.readings.map(({ data }) => JSON.stringify(data)).join(' ') },
      ],
      '',
    ),
    ...(samples.length < tried ? ['Of those that would become alike the table has one each.'] : []),
    ...(next === undefined ? [] : ['There are more: raise --limit to try them too.']),
  ]
    .filter((part) => part !== '')
    .join('\n');
}
