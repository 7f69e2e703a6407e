import { isJsonObject } from '../std/json.ts';

export type JsonPath = readonly (string | number)[];

const whole = /^\$(?:\.[^.[\]"]+|\[\d{1,9}\]|\["(?:[^"\\]|\\["\\])+"\])*$/;
const step = /\.([^.[\]"]+)|\[(\d+)\]|\["((?:[^"\\]|\\["\\])+)"\]/g;

/** Reads `$.a.b[0]`; a name of other characters is quoted: `$["a b"]`. Undefined where the text is no path. */
export function parseJsonPath(path: string): JsonPath | undefined {
  if (!whole.test(path)) return undefined;
  return [...path.matchAll(step)].map(([, name, index, quoted]) => {
    if (index !== undefined) return Number(index);
    return name ?? quoted.replace(/\\(.)/g, '$1');
  });
}

/** What is there in a parsed value; undefined where nothing is. */
export function valueAt(value: unknown, path: JsonPath): unknown {
  let found = value;
  for (const step of path) {
    if (typeof step === 'number') found = Array.isArray(found) ? found[step] : undefined;
    else found = isJsonObject(found) && Object.hasOwn(found, step) ? found[step] : undefined;
  }
  return found;
}
