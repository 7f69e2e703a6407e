import type { Schema } from '../config/schema.ts';

/** Where a command prints and what it knows of its surroundings. */
export interface Terminal {
  /** One line on standard output; the line break is added. */
  out(line: string): void;
  /** One line on standard error. */
  err(line: string): void;
  readonly stdin: NodeJS.ReadableStream;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
}

export interface CommandOption<T = unknown> {
  /** Of one value; a `many` option takes a list of them. */
  readonly schema: Schema<unknown>;
  /** A `toggle` takes no value; `many` may be given several times. */
  readonly form: 'value' | 'toggle' | 'many';
  readonly default: T;
  /** What stands in place of the default where something else in the environment says so. */
  readonly defaultIn?: (env: NodeJS.ProcessEnv) => T;
  readonly sentence: string;
  readonly placeholder?: string;
  /** One letter. */
  readonly short?: string;
  /** Environment variable that is read where the flag is absent. */
  readonly environment?: string;
}

export type CommandOptions = Readonly<Record<string, CommandOption>>;
export type Values<O> = { readonly [K in keyof O]: O[K] extends CommandOption<infer T> ? T : never };

export interface Operand {
  /** In capitals, as usage prints it. */
  readonly name: string;
  readonly sentence: string;
  readonly optional?: boolean;
}

export interface Command {
  readonly name: string;
  /** What it does: a verb phrase that begins with a capital letter and ends without a full stop. */
  readonly summary: string;
  /** What else a reader of the help should know, in sentences. */
  readonly note?: string;
  readonly operands: readonly Operand[];
  readonly options: CommandOptions;
  readonly commands: readonly Command[];
  /** Answers the exit status. Absent where only the commands below do something. */
  readonly run: ((invocation: Invocation<never>) => Promise<number>) | undefined;
}

export interface Invocation<O> {
  readonly options: Values<O>;
  readonly operands: readonly string[];
  readonly terminal: Terminal;
}

interface CommandRow<O> {
  readonly name: string;
  readonly summary: string;
  readonly note?: string;
  readonly operands?: readonly Operand[];
  readonly options: O;
  readonly run: (invocation: Invocation<O>) => Promise<number>;
}

/** A command that does something. */
export function command<O extends CommandOptions>(row: CommandRow<O>): Command {
  return { operands: [], commands: [], ...row };
}

/** A command that only groups others. */
export function group(name: string, summary: string, commands: readonly Command[]): Command {
  return { name, summary, operands: [], options: {}, commands, run: undefined };
}

/** The user asked for something that is not there: exit status 2, with the usage. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
