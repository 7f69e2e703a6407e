import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export type Collection = { readonly type: 'minor' } | { readonly type: 'major'; readonly flavor: 'last-resort' };

let collect: ((how: Collection) => void) | undefined;

/** V8's collector. */
export function collector(): (how: Collection) => void {
  collect ??= exposed();
  return collect;
}

/** Only a context that is made while the flag is set has it. */
function exposed(): (how: Collection) => void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as (how: Collection) => void;
  setFlagsFromString('--no-expose-gc');
  return gc;
}
