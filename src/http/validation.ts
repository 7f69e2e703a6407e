import { Ajv, type ErrorObject, type ValidateFunction } from 'ajv';
import { SluiceError } from '../errors.ts';
import { schemaSentence } from '../std/schema-sentence.ts';
import type { JsonSchema } from './route.ts';

/** Text is all that a path, a query or a header can hold, so there numbers may come as text; a body says what it means. */
const textAjv = new Ajv({ coerceTypes: true, useDefaults: true, verbose: true, strict: 'log', logger: false });
const bodyAjv = new Ajv({ useDefaults: true, verbose: true, strict: 'log', logger: false });

/** What a schema says of a value; `errors` are those of the last value. */
export interface Validator {
  (value: unknown): boolean;
  errors?: ErrorObject[] | null | undefined;
}

/** Fastify's validator compiler. Compiled when the first value comes: together the schemas are a good part of a start. */
export function compileSchema({ schema, httpPart }: { schema: unknown; httpPart?: string }): Validator {
  let compiled: ValidateFunction | undefined;
  const validate: Validator = (value) => {
    compiled ??= (httpPart === 'body' ? bodyAjv : textAjv).compile(schema as JsonSchema);
    const isValid = compiled(value);
    validate.errors = compiled.errors;
    return isValid;
  };
  return validate;
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
