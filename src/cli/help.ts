import type { Command, CommandOption, CommandOptions, Operand } from './command.ts';
import { commonOptions } from './options.ts';
import { alignColumns } from './table.ts';

/** What `--help` prints for a command. */
export function help(command: Command, path: readonly string[]): string {
  const sections = [`${command.summary}.`, `Usage: ${usage(command, path)}`];
  if (command.commands.length > 0) {
    sections.push(
      section(
        'Commands',
        command.commands.map((each) => [each.name, `${each.summary}.`]),
      ),
    );
  }
  if (command.operands.length > 0) {
    sections.push(
      section(
        'Operands',
        command.operands.map((each) => [each.name, `${capitalised(each.sentence)}.`]),
      ),
    );
  }
  sections.push(section('Options', optionRows({ ...command.options, ...commonOptions })));
  if (command.note !== undefined) sections.push(command.note);
  if (command.commands.length > 0) sections.push(`More about one: ${path.join(' ')} COMMAND --help`);
  return sections.join('\n\n');
}

export function usage(command: Command, path: readonly string[]): string {
  const rest = command.commands.length > 0 ? ['COMMAND'] : ['[options]', ...command.operands.map(operandUsage)];
  return [...path, ...rest].join(' ');
}

/** The flag as one types it: `-m, --message TEXT`. */
export function flagUsage(name: string, option: CommandOption): string {
  const short = option.short === undefined ? '' : `-${option.short}, `;
  const placeholder = option.form === 'toggle' ? '' : ` ${option.placeholder ?? 'VALUE'}`;
  return `${short}--${name}${placeholder}`;
}

/** The sentence with what a reader needs besides: default, environment variable, whether it may be repeated. */
export function optionSentence(option: CommandOption): string {
  const notes: string[] = [];
  const plain = typeof option.default === 'string' || typeof option.default === 'number';
  if (plain) notes.push(`default ${option.default}`);
  if (option.environment !== undefined) notes.push(`environment ${option.environment}`);
  if (option.form === 'many') notes.push('may be repeated');
  return notes.length === 0 ? option.sentence : `${option.sentence} (${notes.join(', ')})`;
}

function optionRows(options: CommandOptions): [string, string][] {
  return Object.entries(options).map(([name, option]) => [flagUsage(name, option), optionSentence(option)]);
}

function section(title: string, rows: readonly (readonly [string, string])[]): string {
  const lines = alignColumns(rows, ['left', 'left']);
  return [`${title}:`, ...lines.map((line) => `  ${line}`)].join('\n');
}

function operandUsage(operand: Operand): string {
  return operand.optional ? `[${operand.name}]` : operand.name;
}

function capitalised(sentence: string): string {
  return sentence[0].toUpperCase() + sentence.slice(1);
}
