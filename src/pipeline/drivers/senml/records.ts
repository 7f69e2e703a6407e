import { type CborMap, type CborValue, decodeCbor } from '../../../std/cbor.ts';
import { isJsonObject } from '../../../std/json.ts';

/** A record of SenML as it was sent, by its labels of JSON; values are not looked at yet. */
export type SenmlRecord = ReadonlyMap<string, unknown>;

/** Labels of RFC 8428, table 4, by the number that stands for them in CBOR. */
const labelOfNumber: ReadonlyMap<CborValue, string> = new Map([
  [-6, 'bs'],
  [-5, 'bv'],
  [-4, 'bu'],
  [-3, 'bt'],
  [-2, 'bn'],
  [-1, 'bver'],
  [0, 'n'],
  [1, 'u'],
  [2, 'v'],
  [3, 'vs'],
  [4, 'vb'],
  [5, 's'],
  [6, 't'],
  [7, 'ut'],
  [8, 'vd'],
]);

/** Throws an `Error` where it is not an array of records. */
export function recordsOfJson(bytes: Uint8Array): readonly SenmlRecord[] {
  const pack: unknown = JSON.parse(utf8.decode(bytes));
  return listOf(pack).map((item, index) => {
    if (!isJsonObject(item)) throw new Error(`[${index}] is not an object`);
    return new Map(Object.entries(item));
  });
}

/** The same in CBOR, where labels are numbers; further ones may be texts. */
export function recordsOfCbor(bytes: Uint8Array): readonly SenmlRecord[] {
  return listOf(decodeCbor(bytes)).map((item, index) => {
    if (!(item instanceof Map)) throw new Error(`[${index}] is not a map`);
    return new Map(Array.from(item as CborMap, ([key, value]) => [labelOf(key), value]));
  });
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function listOf(pack: unknown): readonly unknown[] {
  if (Array.isArray(pack)) return pack;
  throw new Error('expected an array of records');
}

function labelOf(key: CborValue): string {
  return labelOfNumber.get(key) ?? String(key);
}
