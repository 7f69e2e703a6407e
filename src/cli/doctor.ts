import { command } from './command.ts';
import { dataFolder, dataOptions } from './data-folder.ts';
import { print } from './print.ts';
import { formatTable } from './table.ts';

export const doctor = command({
  name: 'doctor',
  summary: 'Checks a data folder, or a backup, while its server runs or not',
  note: 'Nothing is changed. Every page and every row is read, rows are compared with their checksums, with the counters and with one another. Exit status 1 says that something was found; docs/storage.md says what to do then.',
  options: dataOptions,
  async run({ options, terminal }) {
    const data = await dataFolder(options, terminal);
    const { examine } = await import('../platform/doctor/examine.ts');
    const examination = await examine(data);
    const { findings, findingsOmitted, rows } = examination;
    print(terminal, options.json, { findings, findingsOmitted, rows }, () =>
      formatTable(
        findings,
        [
          { title: 'where', cell: ({ where }) => where },
          { title: 'problem', cell: ({ problem }) => problem },
        ],
        `Nothing is wrong with ${data}: ${rows} rows read.`,
      ),
    );
    if (!options.json && findingsOmitted > 0) terminal.out(`And ${findingsOmitted} more.`);
    return findings.length > 0 ? 1 : 0;
  },
});
