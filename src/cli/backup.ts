import { resolve } from 'node:path';
import { command } from './command.ts';
import { dataFolder, dataOptions } from './data-folder.ts';
import { print } from './print.ts';
import { formatCount } from './table.ts';

/** Of a damaged backup; the rest stands in its `backup.json`. */
const findingsShown = 10;

export const backup = command({
  name: 'backup',
  summary: 'Copies the data folder of this machine, while its server runs or not',
  note: 'The folder must not be there yet, or be empty. Nothing of the server stops. The copy is checked as `sluice doctor` checks: exit status 1 says that it is damaged. `sluice restore` makes a data folder of it again; the config file is not part of it.',
  operands: [{ name: 'FOLDER', sentence: 'where the copy goes' }],
  options: dataOptions,
  async run({ options, operands: [folder], terminal }) {
    const data = await dataFolder(options, terminal);
    const { backUp } = await import('../platform/backup.ts');
    const manifest = await backUp(data, resolve(terminal.cwd, folder), Date.now());
    const bytes = manifest.files.reduce((sum, file) => sum + file.bytes, 0);
    const { files, findings } = manifest;
    print(
      terminal,
      options.json,
      manifest,
      () => `Backed up ${data} to ${folder}: ${files.length} files, ${bytes} bytes.`,
    );
    if (findings.length === 0) return 0;
    terminal.err(`What was backed up is damaged (${formatCount(findings.length, 'finding')}):`);
    for (const { where, problem } of findings.slice(0, findingsShown)) terminal.err(`${where}: ${problem}`);
    return 1;
  },
});
