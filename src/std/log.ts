export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
export const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

export type LogFields = Record<string, unknown>;

/** Structured log. One line of JSON per entry: `time`, `level`, `message`, then the fields. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A log that adds `fields` to every entry. */
  with(fields: LogFields): Log;
}

export function createLog(level: LogLevel, write: (line: string) => void, fields: LogFields = {}): Log {
  const lowest = logLevels.indexOf(level);
  const entry =
    (rank: number) =>
    (message: string, more?: LogFields): void => {
      if (rank < lowest) return;
      const line = { time: new Date().toISOString(), level: logLevels[rank], message, ...fields, ...more };
      write(`${JSON.stringify(line, printable)}\n`);
    };
  return {
    debug: entry(0),
    info: entry(1),
    warn: entry(2),
    error: entry(3),
    with: (more) => createLog(level, write, { ...fields, ...more }),
  };
}

/** A log that keeps nothing, for tests whose subject is elsewhere. */
export const silentLog: Log = createLog('error', () => undefined);

function printable(_key: string, value: unknown): unknown {
  if (value instanceof Error) {
    return { name: value.name, message: value.message, code: (value as { code?: string }).code, cause: value.cause };
  }
  return typeof value === 'bigint' ? value.toString() : value;
}
