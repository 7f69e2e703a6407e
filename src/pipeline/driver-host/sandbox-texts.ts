/**
 * Runs inside the context of a codec script behind `installBuffer`, as text: it must not refer to anything outside itself.
 * What browsers and Node have for texts as bytes, since codecs are also written for those.
 */
export function installTexts(): void {
  interface Bytes extends Uint8Array {
    toString(encoding?: string): string;
  }
  interface BufferClass {
    new (bytes: ArrayBuffer, at: number, length: number): Bytes;
    from(source: string, encoding: string): Bytes;
  }
  const BufferOf = (globalThis as unknown as { Buffer: BufferClass }).Buffer;
  const encodings: Record<string, string> = {
    'utf-8': 'utf8',
    utf8: 'utf8',
    ascii: 'latin1',
    'us-ascii': 'latin1',
    latin1: 'latin1',
    'iso-8859-1': 'latin1',
    'windows-1252': 'latin1',
  };

  class TextEncoder {
    readonly encoding = 'utf-8';

    encode(text = ''): Uint8Array {
      return Uint8Array.from(BufferOf.from(String(text), 'utf8'));
    }
  }

  class TextDecoder {
    readonly encoding: string;

    constructor(label = 'utf-8') {
      this.encoding = String(label).trim().toLowerCase();
      if (!(this.encoding in encodings))
        throw new RangeError(`Cannot use encoding "${label}": expected utf-8 or latin1`);
    }

    decode(bytes?: ArrayBuffer | ArrayBufferView): string {
      if (bytes === undefined) return '';
      const { buffer, byteOffset, byteLength } = ArrayBuffer.isView(bytes) ? bytes : new Uint8Array(bytes);
      const text = new BufferOf(buffer as ArrayBuffer, byteOffset, byteLength).toString(encodings[this.encoding]);
      return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
    }
  }

  function atob(text: unknown): string {
    const digits = String(text).replace(/[\t\n\f\r ]/g, '');
    if (/^[A-Za-z0-9+/]*={0,2}$/.test(digits)) return BufferOf.from(digits, 'base64').toString('latin1');
    throw new TypeError('Cannot decode the text: it is not base64');
  }

  function btoa(text: unknown): string {
    const units = String(text);
    if (/^[\0-\xff]*$/.test(units)) return BufferOf.from(units, 'latin1').toString('base64');
    throw new TypeError('Cannot encode the text: it has characters above \\u00ff');
  }

  for (const value of [TextEncoder, TextDecoder, atob, btoa]) {
    Object.defineProperty(globalThis, value.name, { value, writable: true, configurable: true });
  }
}
