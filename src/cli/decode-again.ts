import { text } from '../config/schema.ts';
import type { DecodeDifference, DecodedAgain } from '../pipeline/decode-again.ts';
import { Api, path } from './api.ts';
import { command } from './command.ts';
import { driverFrom, driverOptions } from './dead-inspect.ts';
import { apiOptions, switchable, value } from './options.ts';
import { print } from './print.ts';
import { formatCount, formatTable } from './table.ts';

const time = text({ expected: 'epoch milliseconds or an ISO 8601 time' });
const samplesShown = 20;

export const decodeAgain = command({
  name: 'decode-again',
  summary: 'Reads stored messages of a device type again from their bytes, as after a driver was corrected',
  note: 'Without --apply it only shows what would change. Breaking it off leaves what was corrected as it is; call it again to go on.',
  operands: [{ name: 'TYPE', sentence: 'a device type' }],
  options: {
    from: value(time, { placeholder: 'TIME', sentence: 'Messages that were processed from then on.' }),
    to: value(time, { placeholder: 'TIME', sentence: 'Messages that were processed before.' }),
    ...driverOptions,
    apply: switchable({ sentence: 'Change history and state.' }),
    ...apiOptions,
  },
  async run({ options, operands: [type], terminal }) {
    const { from, to, apply } = options;
    const api = new Api(options.url, options.token);
    const request = { from, to, driver: driverFrom(options.driver), apply };
    let total = await api.post<DecodedAgain>(path`/v1/device-types/${type}/decode-again`, request);
    while (total.next !== undefined) {
      const further = { ...request, after: total.next, end: total.end };
      total = added(total, await api.post<DecodedAgain>(path`/v1/device-types/${type}/decode-again`, further));
    }
    return print(terminal, options.json, total, (told) => format(told, apply));
  },
});

function added(a: DecodedAgain, b: DecodedAgain): DecodedAgain {
  return {
    decoded: a.decoded + b.decoded,
    same: a.same + b.same,
    different: a.different + b.different,
    corrected: a.corrected + b.corrected,
    failed: a.failed + b.failed,
    samples: [...a.samples, ...b.samples].slice(0, samplesShown),
    next: b.next,
    end: b.end,
  };
}

function format({ decoded, same, different, corrected, failed, samples }: DecodedAgain, apply: boolean): string {
  const done = apply ? `${corrected} corrected` : `${different} would change`;
  const table = formatTable(
    samples,
    [
      { title: 'device', cell: (row) => row.deviceId },
      { title: 'message', cell: (row) => row.messageId },
      { title: 'before', cell: ({ before }) => dataOf(before) },
      { title: 'after', cell: ({ after, error }) => error ?? dataOf(after) },
    ],
    '',
  );
  const head = `Decoded ${formatCount(decoded, 'message')}: ${same} the same, ${done}, ${failed} cannot be read.`;
  const unshown = different + failed - samples.length;
  const more = unshown > 0 ? `and ${unshown.toLocaleString('en')} more` : '';
  return [head, table, more].filter((part) => part !== '').join('\n');
}

function dataOf(readings: DecodeDifference['before']): string {
  return readings.map(({ data }) => JSON.stringify(data)).join(' ');
}
