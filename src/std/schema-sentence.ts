import type { ErrorObject } from 'ajv';
import { didYouMean } from './nearest.ts';

/** What to do about it. `whole` names what was checked: "the body". The validator has to be verbose. */
export function schemaSentence(error: ErrorObject, whole: string): string {
  const place = error.instancePath === '' ? whole : shortened(error.instancePath.slice(1)).replaceAll('/', '.');
  return sentences[error.keyword]?.(error, place) ?? `Correct ${place}: it ${error.message ?? 'is not valid'}`;
}

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
