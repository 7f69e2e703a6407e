import { Readable } from 'node:stream';
import type { ImportOutcome } from '../../devices/device.ts';
import { SluiceError } from '../../errors.ts';
import { type DeviceRow, deviceRows, fileHead, fileLine, type TransferFormat } from '../device-rows.ts';
import { ok, type Route, type RouteParts, route } from '../route.ts';
import { answer, array, entityName, integer, object, text } from '../schemas.ts';

const tag = 'Devices';

/** Devices of one commit. */
const sliceMax = 1_000;
/** Characters of their attributes; the slice ends with the device that goes beyond. */
const sliceCharactersMax = 4 * 1024 * 1024;
/** Bad lines that an answer tells of; it counts the others. */
const problemsMax = 1_000;

const types: Readonly<Record<TransferFormat, string>> = { csv: 'text/csv', ndjson: 'application/x-ndjson' };

interface Import {
  readonly query: { readonly type?: string };
  readonly body: AsyncIterable<Buffer> | undefined;
}

interface Export {
  readonly query: { readonly format: TransferFormat; readonly type?: string; readonly gateway?: string };
}

const problem = answer('A line that was left out', { line: integer, id: entityName, code: text, detail: text });

export const deviceTransferRoutes: readonly Route[] = [
  route<Import>({
    method: 'POST',
    path: '/v1/device-import',
    tag,
    summary:
      'Register devices, or replace what is known of them, from CSV or NDJSON of any length; `type` is for lines without one. Sent again it changes nothing more',
    who: 'admin',
    bodyStream: Object.fromEntries(Object.values(types).map((type) => [type, { type: 'string' }])),
    schemas: {
      query: object({ type: entityName }),
      responses: {
        200: answer('What became of the lines', {
          read: integer,
          made: integer,
          changed: integer,
          same: integer,
          refused: integer,
          problems: array(problem),
        }),
      },
    },
    handle: async ({ query, headers, body = noBody() }, { pipeline }) => {
      const taken = new DeviceImport(pipeline.registry);
      for await (const row of deviceRows(body, formatOf(headers['content-type']), query.type)) await taken.add(row);
      return ok(await taken.end());
    },
  }),
  route<Export>({
    method: 'GET',
    path: '/v1/device-export',
    tag,
    summary: 'Devices in the order of their ids, as an import takes them; credentials stay here',
    who: 'admin',
    schemas: {
      query: object({
        format: { type: 'string', enum: ['csv', 'ndjson'], default: 'csv' },
        type: entityName,
        gateway: entityName,
      }),
      responses: { 200: { type: 'string', description: 'The file' } },
    },
    handle: ({ query: { format, ...filter } }, { store }) => ({
      status: 200,
      headers: { 'content-type': `${types[format]}; charset=utf-8` },
      body: Readable.from(exported(store, format, filter)),
    }),
  }),
];

/** Lines become commits of up to `sliceMax` devices; what was read when the body breaks off is kept, and can be sent again. */
class DeviceImport {
  readonly #registry: RouteParts['pipeline']['registry'];
  readonly #counts = { made: 0, changed: 0, same: 0, refused: 0 };
  readonly #problems: { readonly line: number; readonly [said: string]: unknown }[] = [];
  #slice: Extract<DeviceRow, { imported: unknown }>[] = [];
  #characters = 0;
  #read = 0;

  constructor(registry: RouteParts['pipeline']['registry']) {
    this.#registry = registry;
  }

  async add(row: DeviceRow): Promise<void> {
    this.#read++;
    if ('problem' in row) this.#refuse(row.line, undefined, row.problem.code, row.problem.message);
    else {
      this.#slice.push(row);
      this.#characters += JSON.stringify(row.imported.device.attributes).length;
    }
    if (this.#slice.length === sliceMax || this.#characters >= sliceCharactersMax) await this.#commit();
  }

  async end(): Promise<object> {
    await this.#commit();
    // What cannot be read is refused as it comes, and the rest with its slice.
    const problems = this.#problems.sort((a, b) => a.line - b.line);
    return { read: this.#read, ...this.#counts, problems };
  }

  async #commit(): Promise<void> {
    const slice = this.#slice;
    this.#slice = [];
    this.#characters = 0;
    if (slice.length === 0) return;
    const outcomes = await this.#registry.putDevices(slice.map(({ imported }) => imported));
    for (const [at, outcome] of outcomes.entries()) this.#count(outcome, slice[at]);
  }

  #count(outcome: ImportOutcome, { line, imported }: Extract<DeviceRow, { imported: unknown }>): void {
    if (outcome.outcome === 'refused') this.#refuse(line, imported.device.id, outcome.code, outcome.reason);
    else this.#counts[outcome.outcome]++;
  }

  #refuse(line: number, id: string | undefined, code: string, detail: string): void {
    this.#counts.refused++;
    if (this.#problems.length < problemsMax) this.#problems.push({ line, id, code, detail });
  }
}

async function* exported(
  store: RouteParts['store'],
  format: TransferFormat,
  filter: { readonly type?: string; readonly gateway?: string },
): AsyncGenerator<string> {
  yield fileHead(format);
  for (let after: string | undefined; ; ) {
    const slice = { after, limit: sliceMax, charactersMax: sliceCharactersMax };
    const devices = await store.registry.devices({ ...filter, ...slice });
    if (devices.length === 0) return;
    yield devices.map((device) => fileLine(device, format)).join('');
    after = devices.at(-1)?.id;
  }
}

function formatOf(contentType = ''): TransferFormat {
  const [type] = contentType.split(';');
  if (/^(?:text|application)\/csv$/i.test(type.trim())) return 'csv';
  if (/^application\/(?:x-)?(?:ndjson|jsonl|json-lines)$/i.test(type.trim())) return 'ndjson';
  throw new SluiceError(
    'unsupported_format',
    `Send devices as text/csv or application/x-ndjson: met ${JSON.stringify(contentType.slice(0, 100))}`,
  );
}

async function* noBody(): AsyncGenerator<Buffer> {
  yield Buffer.alloc(0);
}
