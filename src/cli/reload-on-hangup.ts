import { type Config, changedOptions } from '../config.ts';
import type { Log } from '../std/log.ts';

/** What takes over a configuration while it runs. */
export interface Reloadable {
  reload(config: Config): Promise<void>;
}

/** Where signals come from: the process. */
export interface Hangups {
  on(signal: 'SIGHUP', listener: () => void): unknown;
}

/**
 * SIGHUP reads the configuration again. One that has errors changes nothing.
 *
 * One that comes during the start waits for its end: files may have been changed since they were read for it.
 */
export function reloadOnHangup(
  signals: Hangups,
  started: Promise<Reloadable>,
  before: Config,
  load: () => Promise<Config>,
  log: Log,
): void {
  const reload = async (): Promise<void> => {
    const platform = await started;
    try {
      const config = await load();
      await platform.reload(config);
      const waiting = changedOptions(before, config).filter((name) => !name.startsWith('access.'));
      log.info('Configuration read again', waiting.length > 0 ? { changedAtNextStart: waiting } : {});
    } catch (problem) {
      log.error('Configuration not read again: everything stays as it was', { problem });
    }
  };
  // One after the other: the last one asked for is the one that counts.
  let last = Promise.resolve();
  signals.on('SIGHUP', () => {
    last = last.then(reload);
  });
}
