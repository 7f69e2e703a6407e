import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { SluiceError } from '../errors.ts';
import { schemaSentence } from '../std/schema-sentence.ts';
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
    const sentence = errors.length === 0 ? unspecific : schemaSentence(errors[0], `the ${partNames[part] ?? part}`);
    return new SluiceError('invalid_argument', sentence);
  } catch (cause) {
    // What a formatter throws, Fastify does not catch, and the process would end.
    return new SluiceError('invalid_argument', unspecific, { cause });
  }
}

const unspecific = 'Give a valid request';

const partNames: Readonly<Record<string, string>> = { querystring: 'query', params: 'path' };
