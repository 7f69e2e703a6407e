import { constants, openAsBlob } from 'node:fs';
import { access } from 'node:fs/promises';
import { resolve } from 'node:path';
import { choice, text } from '../config/schema.ts';
import { systemReason } from '../std/system-reason.ts';
import { Api } from './api.ts';
import { command } from './command.ts';
import { apiOptions, value, valueOr } from './options.ts';
import { print } from './print.ts';
import { formatFields, formatTable } from './table.ts';
import { writeWhole } from './whole-file.ts';

const formats = { csv: 'text/csv', ndjson: 'application/x-ndjson' } as const;

interface Imported {
  readonly read: number;
  readonly made: number;
  readonly changed: number;
  readonly same: number;
  readonly refused: number;
  readonly problems: readonly { line: number; id?: string; code: string; detail: string }[];
}

export const importDevices = command({
  name: 'import',
  summary: 'Registers devices from a file of CSV or NDJSON, or replaces what is known of them',
  note: 'Lines that are refused are listed, and the exit status is 1. A file that was cut off can be sent again.',
  operands: [{ name: 'FILE', sentence: 'what to read; NDJSON where it ends with .ndjson or .jsonl' }],
  options: {
    type: value(text(), { short: 't', placeholder: 'TYPE', sentence: 'Device type of lines that name none.' }),
    ...apiOptions,
  },
  async run({ options, operands: [name], terminal }) {
    const format = /\.(?:ndjson|jsonl)$/i.test(name) ? 'ndjson' : 'csv';
    const file = await fileOf(resolve(terminal.cwd, name), name, formats[format]);
    const answer = await new Api(options.url, options.token).upload<Imported>('/v1/device-import', file, {
      type: options.type,
    });
    print(terminal, options.json, answer, importText);
    return answer.refused === 0 ? 0 : 1;
  },
});

/** The file, read when it is sent: it may be larger than memory. */
async function fileOf(path: string, name: string, type: string): Promise<Blob> {
  // Opening it says nothing of why it cannot be.
  await access(path, constants.R_OK).catch((cause: NodeJS.ErrnoException) => {
    throw new Error(`Cannot read ${JSON.stringify(name)}: ${systemReason(cause)}`, { cause });
  });
  return openAsBlob(path, { type });
}

function importText({ problems, ...counts }: Imported): string {
  const columns = [
    { title: 'line', cell: ({ line }: Imported['problems'][number]) => String(line) },
    { title: 'device', cell: ({ id }: Imported['problems'][number]) => id },
    { title: 'code', cell: ({ code }: Imported['problems'][number]) => code },
    { title: 'reason', cell: ({ detail }: Imported['problems'][number]) => detail },
  ];
  const refused = problems.length === 0 ? [] : [formatTable(problems, columns, '')];
  return [formatFields({ ...counts }), ...refused].join('\n\n');
}

export const exportDevices = command({
  name: 'export',
  summary: 'Writes the devices to a file that an import takes, without their credentials',
  note: 'The file appears when it is whole; what breaks off leaves none.',
  operands: [{ name: 'FILE', sentence: 'where to write' }],
  options: {
    type: value(text(), { short: 't', placeholder: 'TYPE', sentence: 'Only devices of this type.' }),
    gateway: value(text(), { placeholder: 'DEVICE', sentence: 'Only devices behind this gateway.' }),
    format: valueOr(choice('csv', 'ndjson'), 'csv', { short: 'f', placeholder: 'FORMAT', sentence: 'csv or ndjson.' }),
    ...apiOptions,
  },
  async run({ options, operands: [name], terminal }) {
    const { type, gateway, format } = options;
    const file = resolve(terminal.cwd, name);
    const body = await new Api(options.url, options.token).download('/v1/device-export', { type, gateway, format });
    await writeWhole(file, body);
    return print(terminal, options.json, { file }, () => `Wrote ${file}.`);
  },
});
