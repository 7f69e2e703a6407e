import type { WorkItem } from './batch.ts';
import { nameOf, scriptsMax } from './catalogue.ts';
import { groupLength, headOf, type Job, type ScriptSource } from './job.ts';
import { noSchemaSet, type SchemaNumbers } from './schema-numbers.ts';

/**
 * Scripts that a runner has had until it forgets them all, and gets those in use once more. A version that was removed does not
 * come again, and whoever works on a codec makes a new one each time.
 */
export const scriptsSentMax = 2 * scriptsMax;

/** Writes jobs for one runner, and remembers which scripts and schemas it has had. */
export class JobWriter {
  readonly #schemas: SchemaNumbers;
  readonly #scriptsSent = new Set<number>();
  readonly #schemasSent = new Set<number>();
  #epoch: number;

  constructor(schemas: SchemaNumbers) {
    this.#schemas = schemas;
    this.#epoch = schemas.epoch;
  }

  write(items: readonly WorkItem[]): Job {
    const numbers = this.#schemaNumbers(items);
    const forgetSchemas = this.#epoch !== this.#schemas.epoch;
    if (forgetSchemas) this.#schemasSent.clear();
    this.#epoch = this.#schemas.epoch;
    const forgetScripts = this.#scriptsSent.size >= scriptsSentMax;
    if (forgetScripts) this.#scriptsSent.clear();
    const heads = items.map((item, index) => headOf(item, numbers[index]));
    return {
      heads: JSON.stringify(heads),
      bytes: bytesOf(items),
      scripts: this.#newScripts(items),
      schemas: this.#newSchemas(numbers),
      forgetSchemas,
      forgetScripts,
      untold: heads[0].alone ? 0 : groupLength(heads, 0),
    };
  }

  #schemaNumbers(items: readonly WorkItem[]): number[] {
    const numberAll = (): number[] => items.map(({ request }) => this.#schemaNumber(request));
    const { epoch } = this.#schemas;
    const numbers = numberAll();
    // Where the numbers started anew on the way, the first of them are old; a second time cannot happen within one job.
    return epoch === this.#schemas.epoch ? numbers : numberAll();
  }

  #schemaNumber(request: WorkItem['request']): number {
    return request === undefined || (request.schemaPolicy === 'off' && request.schemaPolicies === undefined)
      ? noSchemaSet
      : this.#schemas.numberOf(request.schemas);
  }

  #newScripts(items: readonly WorkItem[]): ScriptSource[] {
    const scripts: ScriptSource[] = [];
    for (const { driver } of items) {
      if (driver.script === undefined || this.#scriptsSent.has(driver.number)) continue;
      this.#scriptsSent.add(driver.number);
      scripts.push({ driver: driver.number, name: nameOf(driver), script: driver.script });
    }
    return scripts;
  }

  #newSchemas(numbers: readonly number[]): [number, string][] {
    const schemas: [number, string][] = [];
    for (const number of numbers) {
      if (number === noSchemaSet || this.#schemasSent.has(number)) continue;
      this.#schemasSent.add(number);
      schemas.push([number, this.#schemas.textOf(number)]);
    }
    return schemas;
  }
}

/** One buffer of its own, which a thread takes over without a copy. */
function bytesOf(items: readonly WorkItem[]): Uint8Array {
  let length = 0;
  for (const { request } of items) length += request?.bytes.length ?? 0;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const { request } of items) {
    if (request === undefined) continue;
    bytes.set(request.bytes, at);
    at += request.bytes.length;
  }
  return bytes;
}
