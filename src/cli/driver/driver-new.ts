import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { manifestFile, scriptFile } from '../../config/driver-folder.ts';
import { text } from '../../config/schema.ts';
import { systemReason } from '../../std/system-reason.ts';
import { command } from '../command.ts';
import { value } from '../options.ts';

export const newDriver = command({
  name: 'new',
  summary: 'Starts a driver: a folder with a script, what it is for, and an example, ready for driver test',
  operands: [{ name: 'DRIVER', sentence: 'the id of the driver, and the name of the folder' }],
  options: {
    'device-type': value(text(), {
      short: 't',
      placeholder: 'TYPE',
      sentence: 'Device type it is for; named as the driver without it.',
    }),
  },
  async run({ options, operands: [id], terminal }) {
    if (!/^[A-Za-z0-9._:-]{1,128}$/.test(id) || /^\.+$/.test(id)) {
      throw new Error(`Cannot use driver id "${id}": it takes 1 to 128 letters, digits, '.', '_', ':' and '-'`);
    }
    const folder = resolve(terminal.cwd, id);
    await makeFolder(folder, id);
    await writeFile(join(folder, manifestFile), manifestFor(id, options['device-type'] ?? id));
    await writeFile(join(folder, scriptFile), script);
    terminal.out(
      [
        `Made ${join(id, manifestFile)} and ${join(id, scriptFile)}. Next:`,
        `  sluice driver test ${id}`,
        `  sluice driver put ${id} 1.0.0 --file ${join(id, scriptFile)} --device-type ${options['device-type'] ?? id}`,
        '(--stage shadow or canary first, where another driver is in use for the device type.)',
      ].join('\n'),
    );
    return 0;
  },
});

/** Never into a folder that is there: it may hold somebody's work. */
async function makeFolder(folder: string, id: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (cause) {
    const problem = cause as NodeJS.ErrnoException;
    const reason =
      problem.code === 'EEXIST' ? 'it is there already; name another driver, or remove it' : systemReason(problem);
    throw new Error(`Cannot make folder "${id}": ${reason}`, { cause });
  }
}

function manifestFor(id: string, deviceType: string): string {
  const manifest = {
    id,
    version: '1.0.0',
    deviceType,
    firmware: '*',
    examples: [
      { description: '21.5 degrees', fPort: 1, bytes: '00d7', output: { data: { temperature: 21.5 } } },
      { description: 'cut off', fPort: 1, bytes: '00', output: { errors: ['Expected 2 bytes'] } },
    ],
  };
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}

const script = `// Makes readings of the bytes that a device sends, as in The Things Stack and ChirpStack.
// input: { bytes, fPort, recvTime, variables }; answers { data } or { errors }, and may add { warnings }.
function decodeUplink(input) {
  if (input.bytes.length < 2) return { errors: ['Expected 2 bytes, met ' + input.bytes.length] };
  // Big endian, signed, in tenths of a degree.
  var tenths = ((input.bytes[0] << 24) >> 16) | input.bytes[1];
  return { data: { temperature: tenths / 10 } };
}
`;
