import { parseArgs } from 'node:util';
import { didYouMean } from '../std/nearest.ts';
import { type Command, type CommandOption, type CommandOptions, UsageError } from './command.ts';
import { commonOptions } from './options.ts';

export interface Located {
  readonly command: Command;
  /** The names from the root to the command. */
  readonly path: readonly string[];
  /** What follows the names. */
  readonly rest: readonly string[];
}

/** Follows the leading words of the command line down the tree. */
export function locate(root: Command, argv: readonly string[]): Located {
  let command = root;
  let depth = 0;
  while (command.commands.length > 0 && depth < argv.length && !argv[depth].startsWith('-')) {
    const next = command.commands.find((each) => each.name === argv[depth]);
    if (next === undefined) {
      const known = command.commands.map((each) => each.name);
      throw new UsageError(`Unknown command "${argv[depth]}"${didYouMean(argv[depth], known)}`);
    }
    command = next;
    depth++;
  }
  return { command, path: [root.name, ...argv.slice(0, depth)], rest: argv.slice(depth) };
}

export interface Parsed {
  readonly options: Readonly<Record<string, unknown>>;
  readonly operands: readonly string[];
}

/** Reads flags and operands by the command's tables; flags that are absent come from the environment or their default. */
export function parse(command: Command, rest: readonly string[], env: NodeJS.ProcessEnv): Parsed {
  const options: CommandOptions = { ...command.options, ...commonOptions };
  const { given, operands } = readTokens(options, rest);
  if (given.has('help') || given.has('version')) {
    return { options: { help: given.has('help'), version: given.has('version') }, operands };
  }
  const values: Record<string, unknown> = {};
  for (const [name, option] of Object.entries(options)) values[name] = chosenValue(name, option, given.get(name), env);
  checkOperands(command, operands);
  return { options: values, operands };
}

function readTokens(options: CommandOptions, rest: readonly string[]) {
  const { tokens } = parseArgs({
    args: [...rest],
    options: Object.fromEntries(
      Object.entries(options).map(([name, { form, short }]) => [
        name,
        { type: form === 'toggle' ? ('boolean' as const) : ('string' as const), ...(short && { short }) },
      ]),
    ),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const given = new Map<string, string[]>();
  const operands: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') operands.push(token.value);
    if (token.kind !== 'option') continue;
    const option = options[token.name];
    if (option === undefined) {
      const known = Object.keys(options).map((name) => `--${name}`);
      throw new UsageError(`Unknown option "${token.rawName}"${didYouMean(token.rawName, known)}`);
    }
    if (option.form === 'toggle' && token.value !== undefined) {
      throw new UsageError(`Cannot give ${token.rawName} the value "${token.value}": it takes none`);
    }
    if (option.form !== 'toggle' && token.value === undefined) {
      throw new UsageError(`Cannot use ${token.rawName} without a value: expected ${option.schema.expected}`);
    }
    given.set(token.name, [...(given.get(token.name) ?? []), token.value ?? 'true']);
  }
  return { given, operands };
}

function chosenValue(
  name: string,
  option: CommandOption,
  given: readonly string[] | undefined,
  env: NodeJS.ProcessEnv,
): unknown {
  const fromEnvironment = option.environment === undefined ? undefined : env[option.environment];
  const texts = given ?? (fromEnvironment === undefined ? undefined : [fromEnvironment]);
  if (texts === undefined) return option.defaultIn?.(env) ?? option.default;
  const label = given === undefined ? `${option.environment}` : `--${name}`;
  const values = texts.map((each) =>
    option.schema.check(option.schema.read(each), label, (problem) => {
      throw new UsageError(problem);
    }),
  );
  if (option.form === 'many') return values;
  if (values.length > 1) throw new UsageError(`Cannot use --${name} ${values.length} times: it may be given once`);
  return values[0];
}

function checkOperands(command: Command, operands: readonly string[]): void {
  const missing = command.operands.slice(operands.length).find((operand) => !operand.optional);
  if (missing !== undefined) throw new UsageError(`Cannot go on without ${missing.name}: expected ${missing.sentence}`);
  if (operands.length > command.operands.length) {
    throw new UsageError(`Unexpected "${operands[command.operands.length]}" behind the command`);
  }
}
