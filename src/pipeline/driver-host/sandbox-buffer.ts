/**
 * Runs inside the context of a codec script before the script does, as text: it must not refer to anything outside itself.
 * ChirpStack gives its codecs a `Buffer`, and such codecs read and write numbers and texts with it: that much of Node's is here.
 */
export function installBuffer(): void {
  type Encoding = 'utf8' | 'utf-8' | 'hex' | 'base64' | 'ascii' | 'latin1' | 'binary';
  const base64Digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

  class Buffer extends Uint8Array {
    static override from(source: unknown, encoding: unknown = 'utf8', length?: number): Buffer {
      if (typeof source === 'string') return new Buffer(bytesOf(source, nameOf(encoding)));
      if (source instanceof ArrayBuffer) return new Buffer(source, Number(encoding) || 0, length);
      return new Buffer(source as ArrayLike<number>);
    }

    static alloc(size: number, fill = 0): Buffer {
      return new Buffer(size).fill(fill);
    }

    static allocUnsafe(size: number): Buffer {
      return new Buffer(size);
    }

    static isBuffer(value: unknown): boolean {
      return value instanceof Buffer;
    }

    static byteLength(text: string, encoding: unknown = 'utf8'): number {
      return bytesOf(text, nameOf(encoding)).length;
    }

    static concat(list: readonly Uint8Array[]): Buffer {
      const joined: number[] = [];
      for (const part of list) for (const byte of part) joined.push(byte);
      return new Buffer(joined);
    }

    override toString(encoding: unknown = 'utf8', start = 0, end = this.length): string {
      return textOf(this.subarray(start, end), nameOf(encoding));
    }

    // As in Node, a slice shares its bytes with the whole.
    override slice(start?: number, end?: number): Buffer {
      return this.subarray(start, end) as Buffer;
    }

    equals(other: Uint8Array): boolean {
      return this.length === other.length && this.every((byte, index) => byte === other[index]);
    }

    toJSON(): object {
      return { type: 'Buffer', data: Array.from(this) };
    }

    readUIntBE(at: number, size: number): number {
      let value = 0;
      for (let index = 0; index < size; index++) value = value * 256 + this[check(this, at, size) + index];
      return value;
    }

    readUIntLE(at: number, size: number): number {
      let value = 0;
      for (let index = size - 1; index >= 0; index--) value = value * 256 + this[check(this, at, size) + index];
      return value;
    }

    readIntBE(at: number, size: number): number {
      return signed(this.readUIntBE(at, size), size);
    }

    readIntLE(at: number, size: number): number {
      return signed(this.readUIntLE(at, size), size);
    }
  }

  function check(buffer: Uint8Array, at: number, size: number): number {
    if (at >= 0 && at + size <= buffer.length) return at;
    throw new RangeError(`Cannot reach ${size} bytes at ${at}: the buffer has ${buffer.length}`);
  }

  function signed(value: number, size: number): number {
    return value >= 2 ** (8 * size - 1) ? value - 2 ** (8 * size) : value;
  }

  /** `readInt16BE`, `writeFloatLE` and their like, from the methods of `DataView`. */
  function addNumberMethods(kind: string, size: number, names: readonly string[]): void {
    const view = DataView.prototype as unknown as Record<
      string,
      (at: number, value: unknown, little?: unknown) => unknown
    >;
    for (const ending of size === 1 ? [''] : ['LE', 'BE']) {
      const isLittle = ending === 'LE';
      function read(this: Buffer, at = 0): unknown {
        return view[`get${kind}`].call(over(this, at, size), at, isLittle);
      }
      function write(this: Buffer, value: unknown, at = 0): number {
        view[`set${kind}`].call(over(this, at, size), at, value, isLittle);
        return at + size;
      }
      for (const name of names) {
        Object.defineProperty(Buffer.prototype, `read${name}${ending}`, { value: read, writable: true });
        Object.defineProperty(Buffer.prototype, `write${name}${ending}`, { value: write, writable: true });
      }
    }
  }

  function over(buffer: Buffer, at: number, size: number): DataView {
    check(buffer, at, size);
    return new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  }

  function nameOf(encoding: unknown): Encoding {
    const name = String(encoding).toLowerCase();
    if (/^(utf-?8|hex|base64|ascii|latin1|binary)$/.test(name)) return name as Encoding;
    throw new TypeError(`Cannot use encoding "${name}": expected utf8, hex, base64, ascii or latin1`);
  }

  function bytesOf(text: string, encoding: Encoding): number[] {
    if (encoding === 'hex')
      return (text.match(/^(?:[0-9a-f]{2})*/i)?.[0].match(/../g) ?? []).map((pair) => parseInt(pair, 16));
    if (encoding === 'base64') return bytesOfBase64(text);
    const units = encoding === 'utf8' || encoding === 'utf-8' ? unescape(encodeURIComponent(text)) : text;
    return Array.from(units, (unit) => unit.charCodeAt(0) & 0xff);
  }

  function bytesOfBase64(text: string): number[] {
    const bytes: number[] = [];
    let bits = 0;
    let held = 0;
    for (const digit of text.replace(/-/g, '+').replace(/_/g, '/')) {
      const value = base64Digits.indexOf(digit);
      if (value < 0) continue;
      bits = ((bits << 6) | value) & 0xffff;
      held += 6;
      if (held < 8) continue;
      held -= 8;
      bytes.push((bits >> held) & 0xff);
    }
    return bytes;
  }

  function textOf(bytes: Uint8Array, encoding: Encoding): string {
    const list = Array.from(bytes);
    if (encoding === 'hex') return list.map((byte) => byte.toString(16).padStart(2, '0')).join('');
    if (encoding === 'base64') return base64Of(list);
    const units = list.map((byte) => String.fromCharCode(encoding === 'ascii' ? byte & 0x7f : byte)).join('');
    return encoding === 'utf8' || encoding === 'utf-8' ? utf8Of(units) : units;
  }

  function base64Of(bytes: readonly number[]): string {
    let text = '';
    for (let at = 0; at < bytes.length; at += 3) {
      const word = (bytes[at] << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
      for (let digit = 0; digit < 4; digit++) {
        text += digit > bytes.length - at ? '=' : base64Digits[(word >> (18 - 6 * digit)) & 63];
      }
    }
    return text;
  }

  function utf8Of(units: string): string {
    try {
      return decodeURIComponent(escape(units));
    } catch {
      // Not UTF-8: what is not ASCII becomes the replacement character.
      return units.replace(/[\u0080-\u00ff]/g, '\ufffd');
    }
  }

  addNumberMethods('Uint8', 1, ['UInt8', 'Uint8']);
  addNumberMethods('Int8', 1, ['Int8']);
  addNumberMethods('Uint16', 2, ['UInt16', 'Uint16']);
  addNumberMethods('Int16', 2, ['Int16']);
  addNumberMethods('Uint32', 4, ['UInt32', 'Uint32']);
  addNumberMethods('Int32', 4, ['Int32']);
  addNumberMethods('Float32', 4, ['Float']);
  addNumberMethods('Float64', 8, ['Double']);
  addNumberMethods('BigUint64', 8, ['BigUInt64', 'BigUint64']);
  addNumberMethods('BigInt64', 8, ['BigInt64']);
  Object.defineProperty(globalThis, 'Buffer', { value: Buffer, writable: true, configurable: true });
}
