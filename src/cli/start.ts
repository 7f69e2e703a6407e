import { join } from 'node:path';
import { findConfigFile } from '../config/file.ts';
import { environmentName, type Option } from '../config/option.ts';
import { configOptions } from '../config/options.ts';
import { text } from '../config/schema.ts';
import { type Config, configFileVariable, loadConfig } from '../config.ts';
import { dataFiles } from '../platform/data-files.ts';
import { createLog, type Log } from '../std/log.ts';
import { type CommandOption, command, type Terminal } from './command.ts';
import { value } from './options.ts';
import { type Reloadable, reloadOnHangup } from './reload-on-hangup.ts';
import { StartMark } from './start-mark.ts';
import { startProblem } from './start-problem.ts';
import { stopSignal } from './stop-signal.ts';

type Flags = Readonly<Record<string, CommandOption<string | undefined>>>;

export const start = command({
  name: 'start',
  summary: 'Starts the server',
  note: 'SIGHUP reads the configuration again and takes over its access section; what else changed counts at the next start. Every other option is set in the config file or the environment: docs/reference/configuration.md lists them all.',
  options: {
    config: value(text({ expected: 'the path of a file' }), {
      placeholder: 'FILE',
      environment: configFileVariable,
      sentence: 'Config file; without it sluice.config.ts, .js or .json in the working directory, where there is one.',
    }),
    ...flagsOf(configOptions),
  },
  async run({ options, terminal }) {
    // The file that is found now is the one that SIGHUP reads again: where it is gone then, nothing must change.
    const file = findConfigFile(options.config ?? terminal.env[configFileVariable], terminal.cwd);
    const flags = { ...options, config: file };
    const config = await loadConfig(flags, terminal.env, terminal.cwd);
    const log = createLog(config.log.level, (line) => terminal.err(line.trimEnd()));
    const signalled = stopSignal(process, (signal) => {
      log.warn('Ending at once', { signal });
      process.exit(1);
    });
    // Heard from here on, before the mark: a server that is asked while it starts says so, and stops in order once it has started.
    void signalled.then((signal) => log.info('Stopping', { signal }));
    const started = Promise.withResolvers<Servable>();
    reloadOnHangup(process, started.promise, config, () => loadConfig(flags, terminal.env, terminal.cwd), log);
    const mark = markStart(config, log);
    // Loaded here, so that the other commands start without the server's native modules.
    const { Platform } = await import('../platform.ts');
    try {
      const platform = new Platform(config, log);
      return await serve(platform, log, terminal, mark, signalled, started.resolve);
    } catch (problem) {
      throw startProblem(problem, config);
    }
  },
});

/** What the last start could not say by itself is said by this one, before it may come to the same end. */
function markStart({ data }: Config, log: Log): StartMark {
  const mark = new StartMark(join(data, dataFiles.queues), (problem) => {
    // Where the folder is of no use at all the start itself says so.
    log.debug('Cannot tell whether the start before this one ended without a word, or tell the next one', { problem });
  });
  // Whoever ends the process by itself has said why.
  process.once('exit', () => mark.remove());
  if (mark.wasLeft) {
    log.warn(
      `The start before this one ended before the server was ready: where nobody ended it and the log does not say why, look for damage with \`sluice doctor --data ${data}\``,
    );
  }
  return mark;
}

/** What a server process needs of the platform. */
interface Servable extends Reloadable {
  start(): Promise<void>;
  stop(): Promise<void>;
  readonly mqttPort: number;
  readonly listenerPorts: Readonly<Record<string, number>>;
  readonly httpPort: number;
  readonly failed: Promise<Error>;
}

/**
 * Serves until a signal asks to stop, or until storage fails: from then on nothing is acknowledged, and the process ends as
 * soon as everybody was told.
 */
async function serve(
  platform: Servable,
  log: Log,
  terminal: Terminal,
  mark: StartMark,
  signalled: Promise<unknown>,
  started: (platform: Servable) => void,
): Promise<number> {
  exitOnFailure(platform, log);
  await platform.start();
  mark.remove();
  started(platform);
  const { mqttPort: mqtt, httpPort: http, listenerPorts: listeners } = platform;
  const ready = { event: 'ready', mqtt, http, pid: process.pid, listeners };
  terminal.out(JSON.stringify(ready));
  await signalled;
  await platform.stop();
  log.info('Stopped');
  return 0;
}

function exitOnFailure(platform: Servable, log: Log): void {
  const exit = (message: string) => (problem: unknown) => {
    log.error(message, { problem });
    process.exit(1);
  };
  void platform.failed.then((problem) => {
    log.error('Ending: storage failed', { problem });
    // Whoever waits for a receipt has been told that it failed: the sockets get a moment to say so.
    const over = new Promise((resolve) => setTimeout(resolve, lastWordsMsMax));
    return Promise.race([platform.stop(), over]).then(
      () => process.exit(1),
      (cause) => exit('Ending: not everything could be stopped')(cause),
    );
  });
  process.on('uncaughtException', exit('Ending: an error was not caught'));
  process.on('unhandledRejection', exit('Ending: a rejection was not handled'));
}

/** How long what was refused may take to leave. */
const lastWordsMsMax = 2_000;

/** The options of the configuration that have a flag. Their texts go to `loadConfig`, which knows their precedence. */
function flagsOf(options: Readonly<Record<string, Option<unknown>>>): Flags {
  const flags: [string, CommandOption<string | undefined>][] = [];
  for (const [name, { flag, placeholder, sentence, default: fallback }] of Object.entries(options)) {
    if (flag === undefined) continue;
    const notes = `default ${fallback}, environment ${environmentName(name)}`;
    flags.push([flag, value(text(), { placeholder, sentence: `${sentence} (${notes})` })]);
  }
  return Object.fromEntries(flags);
}
