import { type Message, userProperty } from '../message.ts';
import { type JsonPath, parseJsonPath, valueAt } from './json-path.ts';

/** Longest expression, in characters. */
const expressionCharactersMax = 256;

/** Reads the key of a message; undefined where it has none. Never throws, whatever the payload is. */
export type KeyOf = (message: Message) => string | undefined;

/**
 * Why the text is no key expression; undefined where it is one. There are four forms:
 *
 *   topic            the whole topic
 *   topic:2          one level of it, counted from 1
 *   property:name    the first user property of that name
 *   json:$.a.b[0]    a text, number or boolean in a JSON payload; a name of other characters is quoted: $["a b"]
 */
export function keyExpressionProblem(expression: unknown): string | undefined {
  if (typeof expression === 'string' && expression.length <= expressionCharactersMax && parse(expression) !== undefined)
    return undefined;
  return `one of topic, topic:LEVEL (from 1), property:NAME and json:$.PATH, of at most ${expressionCharactersMax} characters`;
}

/** The expression must be one for which `keyExpressionProblem` answers undefined. */
export function compileKey(expression: string): KeyOf {
  const keyOf = parse(expression);
  if (keyOf === undefined) throw new Error(`Cannot compile key expression "${expression}"`);
  return keyOf;
}

function parse(expression: string): KeyOf | undefined {
  if (expression === 'topic') return ({ topic }) => topic;
  const form = /^(topic|property|json):(.+)$/s.exec(expression);
  if (form === null) return undefined;
  return forms[form[1] as keyof typeof forms](form[2]);
}

const forms = {
  topic: (level: string): KeyOf | undefined => {
    if (!/^[1-9]\d{0,4}$/.test(level)) return undefined;
    const index = Number(level) - 1;
    return ({ topic }) => topic.split('/', index + 1)[index];
  },
  property:
    (name: string): KeyOf =>
    (message) =>
      userProperty(message, name),
  json: (path: string): KeyOf | undefined => {
    const steps = parseJsonPath(path);
    return steps === undefined ? undefined : ({ payload }) => jsonKey(payload.toString(), steps);
  },
};

function jsonKey(text: string, steps: JsonPath): string | undefined {
  try {
    const value = valueAt(JSON.parse(text), steps);
    if (typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER) {
      // Two ids that round to one number are two keys all the same.
      return String(valueAt(JSON.parse(text, numbersAsWritten), steps));
    }
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : undefined;
  } catch {
    // No JSON, so no key.
    return undefined;
  }
}

function numbersAsWritten(_name: string, value: unknown, context?: { readonly source?: string }): unknown {
  return typeof value === 'number' ? (context?.source ?? value) : value;
}
