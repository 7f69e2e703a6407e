import type { JsonObject } from '../../std/json.ts';

/**
 * The part of the Standard Schema interface, version 1, that a check needs: what schemas of Zod, Valibot and ArkType have in common.
 * It stands here as types, since the specification has no code to depend on.
 */
export interface StandardSchema {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => StandardResult | PromiseLike<StandardResult>;
    /** Of libraries that say what they check as JSON Schema too, such as Zod 4. Throws for what that cannot say. */
    readonly jsonSchema?: { input(options: { readonly target: 'draft-2020-12' }): Record<string, unknown> } | undefined;
  };
}

export interface StandardResult {
  /** Absent or undefined: the value matches. */
  readonly issues?: readonly StandardIssue[] | undefined;
}

interface StandardIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Schemas of ArkType are functions. */
export function isStandardSchema(schema: JsonObject | StandardSchema): schema is StandardSchema {
  return '~standard' in schema && typeof schema['~standard'] === 'object';
}

/** What is wrong with the data; undefined where it matches. Throws where the schema has no answer now. */
export function standardProblem(schema: StandardSchema, data: JsonObject): string | undefined {
  const result = schema['~standard'].validate(data);
  if (answersLater(result)) throw new Error('a check that answers later gives no answer in time');
  const [first] = result.issues ?? [];
  return first === undefined ? undefined : `${pathOf(first)} ${first.message}`;
}

/** A promise of any library: one that is none of Node's is no match either. */
function answersLater(result: StandardResult | PromiseLike<StandardResult>): result is PromiseLike<StandardResult> {
  return typeof (result as { then?: unknown }).then === 'function';
}

/** As a JSON Pointer, as for JSON Schemas. */
function pathOf({ path = [] }: StandardIssue): string {
  const keys = path.map((part) =>
    String(typeof part === 'object' ? part.key : part)
      .replaceAll('~', '~0')
      .replaceAll('/', '~1'),
  );
  return keys.length === 0 ? 'it' : `/${keys.join('/')}`;
}

/** What the schema says of data before it is checked, as JSON Schema 2020-12; any object where its library has no words for it. */
export function jsonSchemaOf(schema: JsonObject | StandardSchema): JsonObject {
  if (!isStandardSchema(schema)) return schema;
  const { vendor, jsonSchema } = schema['~standard'];
  if (jsonSchema === undefined) return unspoken(`${vendor} says no JSON Schema`);
  try {
    return jsonSchema.input({ target: 'draft-2020-12' }) as JsonObject;
  } catch (problem) {
    return unspoken(problem instanceof Error ? problem.message : String(problem));
  }
}

function unspoken(why: string): JsonObject {
  return { type: 'object', description: `Checked in ways that are not said here: ${why}` };
}
