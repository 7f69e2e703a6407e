import { existsSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type ManifestExample, manifestFile, readDriverFolder } from '../../config/driver-folder.ts';
import { integer, text } from '../../config/schema.ts';
import type { JsonObject } from '../../std/json.ts';
import { Api, ApiError, path } from '../api.ts';
import { command, UsageError } from '../command.ts';
import { apiOptions, value } from '../options.ts';

interface Bytes {
  readonly payload: string;
  readonly encoding: 'utf8' | 'base64';
}

interface StoryAnswer {
  readonly processed?: { readonly raw?: Bytes & { readonly fPort?: number } };
  readonly rows: readonly { readonly data: JsonObject }[];
}

interface DeadAnswer {
  readonly message: Bytes & { readonly properties?: { readonly userProperties?: readonly (readonly string[])[] } };
  /** Absent where it is no message of a device. */
  readonly now?: {
    readonly deviceId: string;
    readonly readings: StoryAnswer['rows'];
    readonly error?: { readonly reason: string };
  };
}

export const keepExample = command({
  name: 'keep',
  summary: 'Keeps a message as an example of a driver: one from history with its readings, or a dead letter',
  note: 'It goes to the end of the examples in driver.json of the folder, and nothing else is written. What a dead letter has to become is what the server makes of it now, an error mostly: correct it in driver.json.',
  operands: [
    {
      name: 'FOLDER',
      sentence: 'a folder with driver.json and codec.js; the current one where it is left out',
      optional: true,
    },
  ],
  options: {
    device: value(text(), { placeholder: 'DEVICE', sentence: 'Device that sent the message.' }),
    message: value(text(), { placeholder: 'MESSAGE', sentence: 'Id of a stored message of that device.' }),
    dead: value(integer(0), { placeholder: 'SEQUENCE', sentence: 'A dead letter instead, by its place.' }),
    url: apiOptions.url,
    token: apiOptions.token,
  },
  async run({ options: { device, message, dead, url, token }, operands: [named], terminal }) {
    const { folder, deviceType } = await folderOf(named, terminal.cwd);
    const api = new Api(url, token);
    let example: ManifestExample;
    if (dead !== undefined) example = await fromDeadLetter(api, dead, deviceType);
    else if (device !== undefined && message !== undefined)
      example = await fromHistory(api, device, message, deviceType);
    else throw new UsageError('Give --device and --message, or --dead');
    const kept = await addTo(folder, example);
    terminal.out(`Kept "${example.description}" in ${kept}.`);
    return 0;
  },
});

async function fromHistory(api: Api, device: string, message: string, deviceType: string): Promise<ManifestExample> {
  const { processed, rows } = await api.get<StoryAnswer>(path`/v1/devices/${device}/messages/${message}`);
  const raw = processed?.raw;
  if (raw === undefined) throw new Error(`Cannot keep message "${message}": its bytes are not there (any more)`);
  const call = await callFor(api, device, deviceType);
  return {
    description: `message ${message} of ${device}`,
    call,
    fPort: raw.fPort,
    recvTime: undefined,
    bytes: hexOf(raw),
    output: outputOf(rows, call),
  };
}

async function fromDeadLetter(api: Api, sequence: number, deviceType: string): Promise<ManifestExample> {
  const { message, now } = await api.get<DeadAnswer>(path`/v1/dead-letters/messages/${String(sequence)}`);
  if (now === undefined) throw new Error(`Cannot keep dead letter ${sequence}: it is no message of a device`);
  const fPort = message.properties?.userProperties?.find(([name]) => name === 'sluice-fport')?.[1];
  const call = await callFor(api, now.deviceId, deviceType);
  return {
    description: `dead letter ${sequence}`,
    call,
    fPort: fPort === undefined ? undefined : Number(fPort),
    recvTime: undefined,
    bytes: hexOf(message),
    output: now.error === undefined ? outputOf(now.readings, call) : { errors: [now.error.reason] },
  };
}

function hexOf({ payload, encoding }: Bytes): string {
  return Buffer.from(payload, encoding).toString('hex');
}

/** What the readings of a device are made by: a device that is not registered has none. Throws for one of a type that is not the driver's. */
async function callFor(api: Api, device: string, deviceType: string): Promise<ManifestExample['call']> {
  if (device === '') return undefined;
  try {
    const { type } = await api.get<{ type: string }>(path`/v1/devices/${device}`);
    if (type !== deviceType) {
      throw new Error(
        `Cannot keep it: the driver is for device type "${deviceType}" by its ${manifestFile}, and "${device}" is a "${type}"; where it is for those, write "deviceType": "${type}" there`,
      );
    }
    const { readings } = await api.get<{ readings: string }>(path`/v1/device-types/${type}`);
    return readings === 'normalized' ? 'normalizeUplink' : undefined;
  } catch (problem) {
    if (problem instanceof ApiError && problem.status === 404) return undefined;
    throw problem;
  }
}

/** Measurements are a list under `data`, as a codec answers them. */
function outputOf(rows: StoryAnswer['rows'], call: ManifestExample['call']): JsonObject {
  if (call === 'normalizeUplink') return { data: rows.map(({ data }) => data) };
  return rows.length === 1 ? { data: rows[0].data } : { messages: rows.map(({ data }) => ({ data })) };
}

/** Looked at before the server is asked: what is to be kept must have a place. */
async function folderOf(named: string | undefined, cwd: string): Promise<{ folder: string; deviceType: string }> {
  const folder = resolve(cwd, named ?? '.');
  if (named === undefined && !existsSync(join(folder, manifestFile))) {
    throw new UsageError(`Give FOLDER, or run this inside the folder of a driver: ${folder} has no ${manifestFile}`);
  }
  const { deviceType } = await readDriverFolder(folder);
  return { folder, deviceType };
}

/** As one step, so that a manifest is never half written. */
async function addTo(folder: string, example: ManifestExample): Promise<string> {
  const file = join(folder, manifestFile);
  const manifest = JSON.parse(await readFile(file, 'utf8')) as { examples?: readonly unknown[] };
  const added = { ...manifest, examples: [...(manifest.examples ?? []), example] };
  await writeFile(`${file}.new`, `${JSON.stringify(added, undefined, 2)}\n`);
  await rename(`${file}.new`, file);
  return file;
}
