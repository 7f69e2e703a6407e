import type { SchemaSet } from './job.ts';

/** Schema sets that are known by number. A set is one device type's, and changes when someone edits it. */
const setsMax = 2000;
/** Their text, in characters: each is kept here, and made of it in every thread. Beyond either bound numbers are given anew. */
const setsTextMax = 16 * 1024 * 1024;

export const noSchemaSet = -1;

/** Gives schema sets numbers, so that each crosses to a thread once and not with every message. */
export class SchemaNumbers {
  /** Grows when all numbers are given anew. */
  epoch = 0;
  #bySet = new WeakMap<SchemaSet, number>();
  readonly #byText = new Map<string, number>();
  readonly #texts: string[] = [];
  #textLength = 0;

  numberOf(schemas: SchemaSet): number {
    const known = this.#bySet.get(schemas);
    if (known !== undefined) return known;
    const number = this.#numberOfText(schemas);
    this.#bySet.set(schemas, number);
    return number;
  }

  textOf(number: number): string {
    return this.#texts[number];
  }

  #numberOfText(schemas: SchemaSet): number {
    const text = JSON.stringify(schemas);
    if (text === '{}') return noSchemaSet;
    const known = this.#byText.get(text);
    if (known !== undefined) return known;
    if (this.#texts.length >= setsMax || this.#textLength + text.length > setsTextMax) this.#startAnew();
    this.#textLength += text.length;
    this.#byText.set(text, this.#texts.length);
    return this.#texts.push(text) - 1;
  }

  #startAnew(): void {
    this.epoch++;
    this.#bySet = new WeakMap();
    this.#byText.clear();
    this.#texts.length = 0;
    this.#textLength = 0;
  }
}
