import type { Advice } from '../pipeline/advice.ts';
import type { AdviceAnswer } from '../pipeline/advisor.ts';
import { Api } from './api.ts';
import { command } from './command.ts';
import { apiOptions } from './options.ts';
import { print } from './print.ts';
import { formatCount, formatTable } from './table.ts';

export const advise = command({
  name: 'advise',
  summary: 'Says which mode fits what devices send, and why, from the numbers of the last minute',
  options: apiOptions,
  async run({ options, terminal }) {
    const answer = await new Api(options.url, options.token).get<AdviceAnswer>('/v1/advice');
    return print(terminal, options.json, answer, ({ advice, backlog }) =>
      [table(advice, backlog), ...advice.filter(differs).map(sentence)].join('\n'),
    );
  },
});

function table(advice: readonly Advice[], backlog: number | undefined): string {
  return formatTable(
    advice,
    [
      { title: 'device type', cell: (row) => row.deviceType },
      { title: 'event type', cell: (row) => row.eventType },
      { title: 'per second', cell: (row) => Math.round(row.perSecond * 10) / 10 },
      { title: 'peak', cell: (row) => row.peakPerSecond },
      { title: 'inline p99 ms', cell: (row) => row.inlineMsP99 },
      { title: 'queued p99 ms', cell: (row) => row.queuedMsP99 },
      { title: 'mode', cell: (row) => row.mode },
      { title: 'advised', cell: (row) => row.advised },
      { title: 'because', cell: (row) => row.because },
    ],
    // A server of before does not say what waits.
    backlog === undefined || backlog === 0
      ? 'No device has sent anything since the start.'
      : `Nothing was processed since the start, and the queue ingest has ${formatCount(backlog, 'message')}: set pipeline.consume, start a worker, or resume the queue.`,
  );
}

function differs({ mode, advised }: Advice): boolean {
  return mode !== advised;
}

function sentence({ deviceType, eventType, advised, change }: Advice): string {
  return `${deviceType} ${eventType}: with mode ${advised}, ${change.charAt(0).toLowerCase()}${change.slice(1)}.`;
}
