/** What CBOR can say that is of use here. Maps keep their keys, which may be numbers. */
export type CborValue = number | string | boolean | null | Uint8Array | readonly CborValue[] | CborMap;
export type CborMap = ReadonlyMap<CborValue, CborValue>;

/** Arrays, maps and tags within each other. */
const depthMax = 32;

/** Decodes one item of CBOR (RFC 8949) and nothing behind it. Throws an `Error` that says what is wrong, and where. */
export function decodeCbor(bytes: Uint8Array): CborValue {
  const reader = new Reader(bytes);
  const value = reader.item(0);
  if (value === breakCode) throw reader.problem('a break outside of anything');
  if (reader.left > 0) throw reader.problem(`${reader.left} bytes behind the item`);
  return value;
}

const breakCode = Symbol('break');
const indefinite = -1;
const utf8 = new TextDecoder('utf-8', { fatal: true });

/*
 * Every item begins with a byte: 3 bits of major type, 5 bits of argument. Arguments of 24 to 27 stand for 1, 2, 4 or 8 bytes
 * that follow; 31 for an unknown length, which a break (0xff) ends.
 */
class Reader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  problem(text: string): Error {
    return new Error(`${text}, at byte ${this.#at}`);
  }

  item(depth: number): CborValue | typeof breakCode {
    if (depth > depthMax) throw this.problem(`more than ${depthMax} items within each other`);
    const initial = this.#bytes[this.#take(1)];
    const major = initial >> 5;
    const info = initial & 0x1f;
    if (major === 7) return this.#simple(info);
    const argument = this.#argument(info);
    switch (major) {
      case 0:
        return this.#definite(argument);
      case 1:
        return -1 - this.#definite(argument);
      case 2:
        return this.#string(argument, 2);
      case 3:
        return utf8.decode(this.#string(argument, 3));
      case 4:
        return this.#array(argument, depth);
      case 5:
        return this.#map(argument, depth);
      default:
        return this.#tagged(this.#definite(argument), depth);
    }
  }

  #value(depth: number): CborValue {
    const value = this.item(depth);
    if (value === breakCode) throw this.problem('a break in the wrong place');
    return value;
  }

  #take(count: number): number {
    if (count > this.left) throw this.problem(`${count} bytes expected, ${this.left} left`);
    const at = this.#at;
    this.#at += count;
    return at;
  }

  #argument(info: number): number {
    if (info < 24) return info;
    if (info === 24) return this.#view.getUint8(this.#take(1));
    if (info === 25) return this.#view.getUint16(this.#take(2));
    if (info === 26) return this.#view.getUint32(this.#take(4));
    if (info === 31) return indefinite;
    if (info !== 27) throw this.problem('a reserved length');
    const value = Number(this.#view.getBigUint64(this.#take(8)));
    if (value > Number.MAX_SAFE_INTEGER) throw this.problem('an integer above 2^53');
    return value;
  }

  #definite(argument: number): number {
    if (argument === indefinite) throw this.problem('an unknown length in the wrong place');
    return argument;
  }

  #simple(info: number): CborValue | typeof breakCode {
    switch (info) {
      case 20:
        return false;
      case 21:
        return true;
      case 22:
      case 23:
        return null;
      case 25:
        return halfOf(this.#view.getUint16(this.#take(2)));
      case 26:
        return this.#view.getFloat32(this.#take(4));
      case 27:
        return this.#view.getFloat64(this.#take(8));
      case 31:
        return breakCode;
      default:
        throw this.problem('a simple value that has no meaning');
    }
  }

  #string(length: number, major: number): Uint8Array {
    if (length !== indefinite) {
      const at = this.#take(length);
      return this.#bytes.subarray(at, at + length);
    }
    const parts: Uint8Array[] = [];
    for (;;) {
      const initial = this.#bytes[this.#take(1)];
      if (initial === 0xff) return Buffer.concat(parts);
      if (initial >> 5 !== major) throw this.problem('a part of another kind inside a string');
      parts.push(this.#string(this.#definite(this.#argument(initial & 0x1f)), major));
    }
  }

  #array(length: number, depth: number): readonly CborValue[] {
    const items: CborValue[] = [];
    while (items.length !== length) {
      const item = this.item(depth + 1);
      if (item !== breakCode) items.push(item);
      else if (length === indefinite) break;
      else throw this.problem('a break in the wrong place');
    }
    return items;
  }

  #map(length: number, depth: number): CborMap {
    const map = new Map<CborValue, CborValue>();
    for (let count = 0; count !== length; count++) {
      const key = this.item(depth + 1);
      if (key === breakCode) {
        if (length === indefinite) break;
        throw this.problem('a break in the wrong place');
      }
      if (map.has(key)) throw this.problem(`the key ${String(key)} a second time`);
      map.set(key, this.#value(depth + 1));
    }
    return map;
  }

  /** Of the tags those for numbers are understood, decimal fractions (4) and bigfloats (5); others only name what they tag. */
  #tagged(tag: number, depth: number): CborValue {
    const value = this.#value(depth + 1);
    if (tag === 2 || tag === 3) throw this.problem('an integer above 2^53');
    if (tag !== 4 && tag !== 5) return value;
    const [exponent, mantissa] = Array.isArray(value) ? value : [];
    if (!Number.isInteger(exponent) || !Number.isInteger(mantissa)) throw this.problem('a fraction of no two integers');
    // As text, since 223 times 0.1 is not 22.3.
    return tag === 4 ? Number(`${mantissa}e${exponent}`) : mantissa * 2 ** exponent;
  }
}

function halfOf(bits: number): number {
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}
