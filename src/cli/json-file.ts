import { isJsonObject, type JsonObject } from '../std/json.ts';
import type { Terminal } from './command.ts';
import { readInput } from './input-file.ts';

/** The object in a file of JSON, or in standard input; undefined where there is something else in it. */
export async function readJsonObject(terminal: Terminal, file: string): Promise<JsonObject | undefined> {
  const parsed = parse((await readInput(terminal, file)).toString('utf8'));
  return isJsonObject(parsed) ? parsed : undefined;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (problem) {
    if (problem instanceof SyntaxError) return undefined;
    throw problem;
  }
}
