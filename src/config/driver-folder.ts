import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemReason } from '../std/system-reason.ts';
import { choice, integer, jsonObject, list, object, optional, text, type ValueOf, withDefault } from './schema.ts';

export const manifestFile = 'driver.json';
export const scriptFile = 'codec.js';
/** Of each of the two. */
const fileBytesMax = 1024 * 1024;

/** What stands in `driver.json` beside the script: what the driver is for, and payloads with what they have to become. */
const manifest = object({
  id: text(),
  version: text({ expected: 'semver such as "1.0.0"' }),
  deviceType: text(),
  firmware: withDefault(text({ expected: 'a semver range' }), '*'),
  examples: withDefault(
    list(
      object({
        description: text(),
        call: optional(choice('decodeUplink', 'normalizeUplink')),
        fPort: optional(integer(0, 255)),
        recvTime: optional(text({ expected: 'an ISO 8601 time', pattern: /^\d{4}-\d\d-\d\dT/ })),
        bytes: text({ pattern: /^([0-9a-fA-F]{2})*$/, expected: 'hexadecimal digits, two for each byte' }),
        output: jsonObject('what the script answers, with `data`, `messages` or `errors`'),
      }),
    ),
    [],
  ),
});

export type DriverManifest = ValueOf<typeof manifest>;
export type ManifestExample = DriverManifest['examples'][number];

export interface DriverFolder extends DriverManifest {
  readonly script: string;
}

/** Rejects with everything that is wrong with the manifest, one sentence a line. */
export async function readDriverFolder(folder: string): Promise<DriverFolder> {
  // One after the other, so that a folder that is none is always told by the same file.
  const json = await read(join(folder, manifestFile));
  const script = await read(join(folder, scriptFile));
  const problems: string[] = [];
  const checked = manifest.check(parse(json, join(folder, manifestFile)), manifestFile, (problem) =>
    problems.push(problem),
  );
  if (checked === undefined || problems.length > 0) throw new Error(problems.join('\n'));
  return { ...checked, script };
}

async function read(file: string): Promise<string> {
  try {
    const about = await stat(file);
    // Reading a pipe would wait for whoever writes into it, and a device has no end.
    if (!about.isFile()) throw new Error('it is no file');
    if (about.size > fileBytesMax) throw new Error(`it has ${about.size} bytes, at most ${fileBytesMax} are read`);
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new Error(`Cannot read ${JSON.stringify(file)}: ${systemReason(cause as NodeJS.ErrnoException)}`, { cause });
  }
}

function parse(json: string, file: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    throw new Error(`Cannot use ${JSON.stringify(file)}: ${(cause as Error).message}`, { cause });
  }
}
