import { Script } from 'node:vm';
import { Ajv, type ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { forEventType, type SchemaPolicy } from '../../devices/device-type.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../../std/json.ts';
import type { DecodedReading, DecodeRequest, DriverSchemas } from '../driver.ts';
import { isStandardSchema, type StandardSchema, standardProblem } from '../schemas/standard-schema.ts';
import type { SchemaSet } from './job.ts';
import { inProcessorTime } from './processor-box.ts';
import { shorten } from './readings.ts';

/** Checks readings against JSON Schemas: draft 2020-12, or draft-07 where the schema says so. Each is compiled once. */
export class SchemaChecker {
  #current: Ajv = newAjv(Ajv2020);
  #draft07: Ajv = newAjv(Ajv);
  /** By the schema object itself: a set that is sent again is a new object. */
  #compiled = new Map<JsonObject, ValidateFunction | string>();

  /**
   * What is wrong with the reading; undefined where it matches or no schema speaks of its event type. `ofDriver` is absent where
   * the driver is a script: what a script leaves undefined is null in its answer, and to a schema as good as absent.
   */
  problemOf(
    reading: DecodedReading,
    eventType: string,
    own: SchemaSet,
    ofDriver: DriverSchemas | undefined,
  ): string | undefined {
    const type = reading.eventType ?? eventType;
    const schema = schemaFor(own, type) ?? schemaFor(ofDriver ?? {}, type);
    if (schema === undefined) return undefined;
    const problem = this.#problemBy(schema, type, reading.data);
    if (problem === undefined || ofDriver !== undefined) return problem;
    return this.#problemBy(schema, type, withoutNulls(reading.data) as JsonObject) && problem;
  }

  #problemBy(schema: JsonObject | StandardSchema, type: string, data: JsonObject): string | undefined {
    if (isStandardSchema(schema)) return problemByStandard(schema, type, data);
    const validate = this.#compile(schema);
    if (typeof validate === 'string') return `Cannot use the schema of "${type}": ${validate}`;
    const matches = answer(validate, data);
    if (matches === true) return undefined;
    if (typeof matches === 'string') return shorten(`Cannot use the schema of "${type}": ${matches}`);
    return shorten(`Reading "${type}" does not match its schema: ${describe(validate)}`);
  }

  /** Why the schema cannot be used; undefined where it can. */
  problemOfSchema(schema: JsonObject): string | undefined {
    if (schema.$async !== undefined) return 'an asynchronous schema gives no answer in time';
    try {
      return inProcessorTime(
        trialMsMax,
        () => timeBox.runInNewContext({ work: () => this.#problemInTime(schema) }, { timeout: trialMsMax }),
        () => this.forget(),
      );
    } catch (problem) {
      if ((problem as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw problem;
      return `it takes longer than ${trialMsMax} ms to check an empty object`;
    }
  }

  #problemInTime(schema: JsonObject): string | undefined {
    const compiled = this.#compile(schema);
    if (typeof compiled === 'string') return compiled;
    const matches = answer(compiled, {});
    return typeof matches === 'string' ? matches : undefined;
  }

  /** Drops what was compiled. */
  forget(): void {
    this.#compiled = new Map();
    this.#current = newAjv(Ajv2020);
    this.#draft07 = newAjv(Ajv);
  }

  #compile(schema: JsonObject): ValidateFunction | string {
    let compiled = this.#compiled.get(schema);
    if (compiled === undefined) {
      try {
        compiled = this.#ajvFor(schema).compile({ $id: baseId, ...schema });
      } catch (problem) {
        compiled = (problem as Error).message;
      }
      this.#compiled.set(schema, compiled);
    }
    return compiled;
  }

  #ajvFor({ $schema }: JsonObject): Ajv {
    return typeof $schema === 'string' && $schema.includes('draft-07') ? this.#draft07 : this.#current;
  }
}

/** What holds for readings of the event type. */
export function policyOf(
  { schemaPolicy, schemaPolicies }: Pick<DecodeRequest, 'schemaPolicy' | 'schemaPolicies'>,
  eventType: string,
): SchemaPolicy {
  return schemaPolicies === undefined ? schemaPolicy : (forEventType(schemaPolicies, eventType) ?? schemaPolicy);
}

/** Whether the data matches, or why the schema has no answer: one that refers to itself goes round until the stack is full. */
function withoutNulls(value: JsonValue): JsonValue {
  if (!isJsonObject(value)) return value;
  const kept = Object.entries(value).filter(([, item]) => item !== null);
  return Object.fromEntries(kept.map(([key, item]) => [key, withoutNulls(item)]));
}

function answer(validate: ValidateFunction, data: JsonObject): boolean | string {
  try {
    return validate(data) === true;
  } catch (problem) {
    return problem instanceof RangeError ? 'it refers to itself without end' : (problem as Error).message;
  }
}

/** A few references that each lead to two others are a schema that takes for ever, and whoever asks must go on. */
const timeBox = new Script('work()');
const trialMsMax = 1_000;

/** Ajv finds the root of a schema, `#`, by its id, and schemas of users mostly have none. */
const baseId = 'urn:sluice:schema';

function newAjv(Kind: typeof Ajv | typeof Ajv2020): Ajv {
  // Schemas are the users': a keyword that is unknown here is an annotation, and an `$id` may come again in a newer version.
  const ajv = new Kind({ strict: false, addUsedSchema: false, logger: false });
  formats.default(ajv);
  return ajv;
}

function problemByStandard(schema: StandardSchema, type: string, data: JsonObject): string | undefined {
  try {
    const problem = standardProblem(schema, data);
    return problem === undefined ? undefined : shorten(`Reading "${type}" does not match its schema: ${problem}`);
  } catch (problem) {
    return shorten(`Cannot use the schema of "${type}": ${(problem as Error).message}`);
  }
}

function schemaFor<S>(schemas: Readonly<Record<string, S>>, eventType: string): S | undefined {
  return Object.hasOwn(schemas, eventType) ? schemas[eventType] : undefined;
}

function describe(validate: ValidateFunction): string {
  const [first] = validate.errors ?? [];
  if (first === undefined) return 'no reason given';
  const where = first.instancePath === '' ? 'it' : first.instancePath;
  const allowed = first.params.allowedValues ?? first.params.allowedValue;
  return `${where} ${first.message}${allowed === undefined ? '' : ` (${JSON.stringify(allowed)})`}`;
}
