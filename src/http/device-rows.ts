import { tokenDigest } from '../access/device-token.ts';
import { isDeviceId } from '../access/device-topics.ts';
import type { Device, ImportedDevice } from '../devices/device.ts';
import { SluiceError } from '../errors.ts';
import { CsvReader, type CsvRecord, CsvRecordTooLong, csvLine } from '../std/csv.ts';
import { isJsonObject } from '../std/json.ts';
import { jsonDepthMax, nestsDeeper } from '../std/json-depth.ts';
import { didYouMean } from '../std/nearest.ts';
import { deviceFields, deviceToken } from './device-schemas.ts';
import { entityName, object } from './schemas.ts';
import { streamedLines, streamedText } from './streamed-text.ts';
import { compileSchema, validationError } from './validation.ts';

/** Characters of one device: 256 attributes of 4,096 have room. */
const rowCharactersMax = 2 * 1024 * 1024;

/** A line of an import: the device, or why it is none. */
export type DeviceRow = { readonly line: number } & (
  | { readonly imported: ImportedDevice }
  | { readonly problem: SluiceError }
);

export type TransferFormat = 'csv' | 'ndjson';

/** Devices as an import gives them, in the order of the file. `type` is for lines that name none. */
export async function* deviceRows(
  body: AsyncIterable<Buffer>,
  format: TransferFormat,
  type: string | undefined,
): AsyncGenerator<DeviceRow> {
  for await (const { line, read } of format === 'csv' ? csvRows(body) : jsonRows(body)) {
    yield { line, ...attempt(() => imported(read(), type)) };
  }
}

interface UnreadRow {
  readonly line: number;
  /** Throws what is wrong with the line. */
  readonly read: () => unknown;
}

async function* jsonRows(body: AsyncIterable<Buffer>): AsyncGenerator<UnreadRow> {
  for await (const { line, text } of streamedLines(body, rowCharactersMax)) {
    if (text.trim() !== '') yield { line, read: () => parsed(text) };
  }
}

async function* csvRows(body: AsyncIterable<Buffer>): AsyncGenerator<UnreadRow> {
  const reader = new CsvReader(rowCharactersMax);
  let columns: readonly string[] | undefined;
  for await (const record of csvRecords(body, reader)) {
    if (columns === undefined) columns = checkedColumns(record);
    else {
      const known = columns;
      yield { line: record.line, read: () => fromCsv(known, record) };
    }
  }
}

async function* csvRecords(body: AsyncIterable<Buffer>, reader: CsvReader): AsyncGenerator<CsvRecord> {
  try {
    for await (const text of streamedText(body)) yield* reader.push(text);
    yield* reader.end();
  } catch (problem) {
    if (problem instanceof CsvRecordTooLong) throw new SluiceError('payload_too_large', problem.message);
    throw problem;
  }
}

const exportedColumns = ['id', 'type', 'firmwareVersion', 'retired', 'gateway', 'attributes'] as const;
const columnNames: readonly string[] = [...exportedColumns, 'token'];
const attributeColumn = 'attributes.';

/** Throws `invalid_argument`: without its columns no line of the file means anything. */
function checkedColumns({ fields, problem }: CsvRecord): readonly string[] {
  const refuse = (why: string): never => {
    throw new SluiceError('invalid_argument', `Correct the first line of the file: ${why}`);
  };
  // Excel writes a byte order mark; a `TextDecoder` takes it off by itself.
  if (problem !== undefined) refuse(problem);
  const unknown = fields.find((field) => !columnNames.includes(field) && !isAttributeColumn(field));
  if (unknown !== undefined)
    refuse(
      `expected columns among ${columnNames.join(', ')} and attributes.<name>, met ${JSON.stringify(unknown)}${didYouMean(unknown, columnNames)}`,
    );
  if (new Set(fields).size < fields.length) refuse('a column stands there twice');
  if (!fields.includes('id')) refuse('expected a column "id"');
  return fields;
}

function isAttributeColumn(column: string): boolean {
  return column.startsWith(attributeColumn) && column.length > attributeColumn.length;
}

/** An empty field is one that is left out. */
function fromCsv(columns: readonly string[], { fields, problem }: CsvRecord): unknown {
  if (problem !== undefined) throw new SluiceError('payload_unreadable', `Correct the line: ${problem}`);
  if (fields.length !== columns.length)
    throw new SluiceError('payload_unreadable', `Expected ${columns.length} fields, met ${fields.length}`);
  const row: Record<string, unknown> = {};
  const attributes: [string, unknown][] = [];
  let bag: object = {};
  columns.forEach((column, at) => {
    const field = fields[at];
    if (isAttributeColumn(column)) attributes.push([column.slice(attributeColumn.length), field]);
    else if (field === '') return;
    else if (column === 'retired') row.retired = field === 'true' || (field === 'false' ? false : field);
    else if (column === 'attributes') bag = asObject(parsed(field));
    else row[column] = field;
  });
  const given = attributes.filter(([, value]) => value !== '' || columns.includes('attributes'));
  return { ...row, attributes: { ...bag, ...Object.fromEntries(given) } };
}

const isRow = compileSchema({
  schema: object({ id: entityName, ...deviceFields, token: deviceToken }, ['id', 'type']),
  httpPart: 'body',
});

interface Row {
  readonly id: string;
  readonly type: string;
  readonly firmwareVersion?: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly retired: boolean;
  readonly gateway?: string;
  readonly token?: string;
}

function imported(read: unknown, type: string | undefined): ImportedDevice {
  const row: unknown = isJsonObject(read) && type !== undefined ? { type, ...read } : read;
  if (!isRow(row)) throw validationError(isRow.errors ?? [], 'line');
  const { token, ...device } = row as Row;
  if (!isDeviceId(device.id))
    throw new SluiceError('invalid_argument', 'Choose another device id than "me", which stands for the caller');
  return {
    device: { firmwareVersion: undefined, ...device },
    tokenDigest: token === undefined ? undefined : tokenDigest(token),
  };
}

function parsed(text: string): unknown {
  if (nestsDeeper(text, jsonDepthMax)) throw new SluiceError('payload_unreadable', 'Send JSON that is less deep');
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new SluiceError('payload_unreadable', `Correct the JSON: ${(cause as Error).message}`, { cause });
  }
}

function asObject(value: unknown): object {
  if (isJsonObject(value)) return value;
  throw new SluiceError('invalid_argument', 'Give an object of texts as the attributes');
}

function attempt(read: () => ImportedDevice): { imported: ImportedDevice } | { problem: SluiceError } {
  try {
    return { imported: read() };
  } catch (problem) {
    if (problem instanceof SluiceError) return { problem };
    throw problem;
  }
}

/** What stands in front of the devices of a file. */
export function fileHead(format: TransferFormat): string {
  return format === 'csv' ? csvLine(exportedColumns) : '';
}

/** A device as a line of a file that an import takes. */
export function fileLine(device: Device, format: TransferFormat): string {
  const { id, type, firmwareVersion, retired, gateway, attributes } = device;
  if (format === 'ndjson') return `${JSON.stringify({ id, type, firmwareVersion, retired, gateway, attributes })}\n`;
  const bag = Object.keys(attributes).length === 0 ? '' : JSON.stringify(attributes);
  return csvLine([id, type, firmwareVersion ?? '', retired ? 'true' : '', gateway ?? '', bag]);
}
