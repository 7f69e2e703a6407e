import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { SluiceError } from '../errors.ts';
import { didYouMean } from '../std/nearest.ts';
import type { JsonSchema } from './route.ts';

/** Text is all that a path, a query or a header can hold, so there numbers may come as text; a body says what it means. */
const textAjv = new Ajv({ coerceTypes: true, useDefaults: true, verbose: true, strict: 'log', logger: false });
const bodyAjv = new Ajv({ useDefaults: true, verbose: true, strict: 'log', logger: false });

/** Fastify's validator compiler. */
export function compileSchema({ schema, httpPart }: { schema: unknown; httpPart?: string }): ValidateFunction {
  return (httpPart === 'body' ? bodyAjv : textAjv).compile(schema as JsonSchema);
}

/** Fastify's formatter of what the validator found. */
export function validationError(errors: readonly ErrorObject[], part: string): SluiceError {
  try {
    const sentence = errors.length === 0 ? unspecific : validationSentence(errors[0], part);
    return new SluiceError('invalid_argument', sentence);
  } catch (cause) {
    // What a formatter throws, Fastify does not catch, and the process would end.
    return new SluiceError('invalid_argument', unspecific, { cause });
  }
}

const unspecific = 'Give a valid request';

function validationSentence(error: ErrorObject, part: string): string {
  const place =
    error.instancePath === ''
      ? `the ${partNames[part] ?? part}`
      : shortened(error.instancePath.slice(1)).replaceAll('/', '.');
  return sentences[error.keyword]?.(error, place) ?? `Correct ${place}: it ${error.message ?? 'is not valid'}`;
}

const partNames: Readonly<Record<string, string>> = { querystring: 'query', params: 'path' };

/** One row a keyword of JSON Schema. */
const sentences: Readonly<Record<string, (error: ErrorObject, place: string) => string>> = {
  additionalProperties: ({ params, parentSchema }, place) => {
    const known = Object.keys(parentSchema?.properties ?? {});
    const name = params.additionalProperty;
    return `Remove ${met(name)} from ${place}: it takes ${known.join(', ')}${didYouMean(shortened(name), known)}`;
  },
  required: ({ params }, place) => `Give ${met(params.missingProperty)} in ${place}: it is missing`,
  type: ({ params, data }, place) => `Give ${place} as ${[params.type].flat().join(' or ')}: met ${met(data)}`,
  enum: ({ params, data }, place) =>
    `Give ${place} as one of ${params.allowedValues.map(met).join(', ')}: met ${met(data)}`,
  pattern: ({ params, data }, place) => `Give ${place} in the form ${params.pattern}: met ${met(data)}`,
  minimum: ({ params, data }, place) => `Give ${place} as at least ${params.limit}: met ${met(data)}`,
  maximum: ({ params, data }, place) => `Give ${place} as at most ${params.limit}: met ${met(data)}`,
  minLength: ({ params, data }, place) =>
    `Give ${place} with at least ${params.limit} characters: met ${String(data).length}`,
  maxLength: ({ params, data }, place) =>
    `Give ${place} with at most ${params.limit} characters: met ${String(data).length}`,
  minItems: ({ params, data }, place) => `Give at least ${params.limit} in ${place}: met ${(data as unknown[]).length}`,
  maxItems: ({ params, data }, place) => `Give at most ${params.limit} in ${place}: met ${(data as unknown[]).length}`,
};

const metCharactersMax = 60;

/** Never what stands inside an array or an object: a caller decides how deep and how large that is. */
function met(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  if (value === undefined) return 'nothing';
  return typeof value === 'string' ? JSON.stringify(shortened(value)) : String(value);
}

function shortened(text: string): string {
  return text.length <= metCharactersMax ? text : `${text.slice(0, metCharactersMax)}…`;
}
