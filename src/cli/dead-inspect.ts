import { text } from '../config/schema.ts';
import type { Death } from '../message.ts';
import type { Rehearsal } from '../pipeline/rehearsal.ts';
import type { MessageAnswer } from './answers.ts';
import { Api, path } from './api.ts';
import { command } from './command.ts';
import { deadQueueOption } from './dead-list.ts';
import { apiOptions, value } from './options.ts';
import { print } from './print.ts';
import { formatCount, formatFields, formatTime } from './table.ts';

interface InspectAnswer {
  readonly message: MessageAnswer;
  readonly bytes: number;
  readonly hex: readonly { readonly offset: number; readonly hex: string; readonly text: string }[];
  /** Of a message of a device. */
  readonly now?: Rehearsal;
}

export const driverOptions = {
  driver: value(text({ pattern: /^[^@]+@[^@]+$/, expected: 'a driver with its version, as ID@VERSION' }), {
    placeholder: 'ID@VERSION',
    sentence: 'Driver to try; without it the one that the device has now.',
  }),
};

/** `id@version` as the two that the API takes. */
export function driverFrom(given: string | undefined): { id: string; version: string } | undefined {
  if (given === undefined) return undefined;
  const [id, version] = given.split('@');
  return { id, version };
}

export const inspect = command({
  name: 'inspect',
  summary: 'Shows one dead letter byte by byte, beside what a driver makes of it now where it is a message of a device',
  operands: [{ name: 'SEQUENCE', sentence: 'its place, as `sluice dead show` prints it' }],
  options: { queue: deadQueueOption, ...driverOptions, ...apiOptions },
  async run({ options, operands: [sequence], terminal }) {
    const driver = driverFrom(options.driver);
    const api = new Api(options.url, options.token);
    const query = { queue: options.queue, driver: driver?.id, version: driver?.version };
    const answer = await api.get<InspectAnswer>(path`/v1/dead-letters/messages/${sequence}`, query);
    return print(terminal, options.json, answer, format);
  },
});

function format({ message, bytes, hex, now }: InspectAnswer): string {
  return [
    formatFields({ topic: message.topic, ...storyOf(message.death) }),
    `${formatCount(bytes, 'byte')}:`,
    ...hex.map((row) => `  ${row.offset.toString(16).padStart(4, '0')}  ${row.hex.padEnd(47)}  ${row.text}`),
    ...(now === undefined ? [] : ['Now:', formatNow(now)]),
  ].join('\n');
}

function formatNow(now: Rehearsal): string {
  return formatFields({
    outcome: now.now,
    driver: now.driver === undefined ? '-' : `${now.driver.id} ${now.driver.version}`,
    ...(now.error === undefined ? {} : { because: now.error.reason }),
    ...Object.fromEntries(now.readings.map(({ eventType, data }) => [eventType, JSON.stringify(data)])),
    ...(now.warnings.length === 0 ? {} : { warnings: now.warnings.join('; ') }),
  });
}

function storyOf(death: Death | undefined): Record<string, string> {
  if (death === undefined) return {};
  const { code, reason, attempts, firstFailureAt, lastFailureAt, headers } = death;
  return {
    died: `${formatTime(lastFailureAt)} of ${code}: ${reason}`,
    attempts: `${attempts}, the first at ${formatTime(firstFailureAt)}`,
    ...Object.fromEntries(headers),
  };
}
