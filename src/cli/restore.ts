import { resolve } from 'node:path';
import { command } from './command.ts';
import { dataFolder, dataOptions } from './data-folder.ts';
import { print } from './print.ts';

export const restore = command({
  name: 'restore',
  summary: 'Makes a data folder of a backup',
  note: 'The data folder must not be there yet, or be empty: stop the server and move the old one away first. Every file is compared with its checksum before one is copied.',
  operands: [{ name: 'FOLDER', sentence: 'what `sluice backup` made' }],
  options: dataOptions,
  async run({ options, operands: [folder], terminal }) {
    const data = await dataFolder(options, terminal);
    const backups = await import('../platform/backup.ts');
    const manifest = await backups.restore(resolve(terminal.cwd, folder), data);
    return print(terminal, options.json, manifest, () => `Restored ${data} as it was at ${manifest.createdAt}.`);
  },
});
