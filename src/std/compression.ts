import type { Transform } from 'node:stream';
import {
  brotliDecompress,
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
  gunzip,
  inflate,
  zstdDecompress,
} from 'node:zlib';

/** One way in which bytes may be compressed. */
export interface Compression {
  createDecoder(): Transform;
  /** The whole at once, away from this thread; a problem where it is more than `maxOutputLength` bytes, too. */
  decompress(
    bytes: Buffer,
    options: { maxOutputLength: number },
    done: (problem: Error | null, bytes: Buffer) => void,
  ): void;
}

const gzip: Compression = { createDecoder: createGunzip, decompress: gunzip };

/** 8 MiB is what senders may count on (RFC 9659); without a limit eighteen bytes make the decoder ask for 128 MiB. */
const zstdWindow = { params: { [constants.ZSTD_d_windowLogMax]: 23 } };
const zstd: Compression = {
  createDecoder: () => createZstdDecompress(zstdWindow),
  decompress: (bytes, options, done) => zstdDecompress(bytes, { ...options, ...zstdWindow }, done),
};

/** By the names that HTTP has for them (RFC 9110, section 8.4). */
const compressions: Readonly<Record<string, Compression>> = {
  gzip,
  'x-gzip': gzip,
  deflate: { createDecoder: createInflate, decompress: inflate },
  br: { createDecoder: createBrotliDecompress, decompress: brotliDecompress },
  zstd,
};

export const compressionNames = 'gzip, deflate, br or zstd';

export function compressionOf(name: string): Compression | undefined {
  return Object.hasOwn(compressions, name) ? compressions[name] : undefined;
}
