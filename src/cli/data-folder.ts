import { findConfigFile } from '../config/file.ts';
import { text } from '../config/schema.ts';
import { configFileVariable, loadConfig } from '../config.ts';
import type { Terminal } from './command.ts';
import { switchable, value } from './options.ts';

/** Options of every command that works on a data folder itself, not through a server. */
export const dataOptions = {
  data: value(text({ expected: 'the path of a folder' }), {
    placeholder: 'DIR',
    sentence: "The server's data folder; without it the one that its configuration names.",
  }),
  config: value(text({ expected: 'the path of a file' }), {
    placeholder: 'FILE',
    environment: configFileVariable,
    sentence: 'Config file; without it sluice.config.ts, .js or .json in the working directory, where there is one.',
  }),
  json: switchable({ sentence: 'Print JSON instead of text.' }),
};

/** The data folder that a server with these options would use. */
export async function dataFolder(
  { data, config }: { readonly data: string | undefined; readonly config: string | undefined },
  terminal: Terminal,
): Promise<string> {
  const file = findConfigFile(config ?? terminal.env[configFileVariable], terminal.cwd);
  const loaded = await loadConfig({ data, config: file }, terminal.env, terminal.cwd);
  return loaded.data;
}
