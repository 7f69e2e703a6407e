import { Readable, type Transform } from 'node:stream';
import type { FastifyRequest } from 'fastify';
import { SluiceError } from '../errors.ts';
import { type Compression, compressionNames, compressionOf } from '../std/compression.ts';

/** Whether the body has to be decompressed. Throws `unsupported_format` where nobody here can. */
export function isCompressed({ headers }: FastifyRequest): boolean {
  const encoding = encodingOf(headers['content-encoding']);
  if (encoding === 'identity') return false;
  if (compressionOf(encoding) !== undefined) return true;
  throw new SluiceError(
    'unsupported_format',
    `Compress the body with ${compressionNames}, and once: met ${JSON.stringify(encoding.slice(0, 60))}`,
  );
}

/**
 * The body as it was before it was compressed. A few bytes can stand for very many, so it ends with `payload_too_large` beyond
 * `bytesMax`; with `payload_unreadable` where the bytes are not what the header says.
 */
export function decompressed(request: FastifyRequest, source: Readable, bytesMax: number): Readable {
  const compression = compressionOf(encodingOf(request.headers['content-encoding'])) as Compression;
  const decoder = compression.createDecoder();
  const left = (): void => void decoder.destroy(new Error('The connection ended within the body'));
  source.once('close', left).once('end', () => source.off('close', left));
  // At once: what counts the bytes of the source makes it flow. Errors come out of the iteration.
  source.pipe(decoder).on('error', () => source.unpipe(decoder).resume());
  const body = Readable.from(bounded(decoder, bytesMax), { objectMode: false }) as CountedBody;
  body.receivedEncodedLength = Number(request.headers['content-length'] ?? 0);
  return body;
}

/** What Fastify compares with Content-Length, instead of what it reads. */
interface CountedBody extends Readable {
  receivedEncodedLength: number;
}

function encodingOf(header: string | undefined): string {
  return header?.trim().toLowerCase() || 'identity';
}

async function* bounded(decoder: Transform, bytesMax: number): AsyncGenerator<Buffer> {
  let bytes = 0;
  try {
    for await (const chunk of decoder as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > bytesMax) throw decoder.destroy(tooLarge(bytesMax)).errored;
      yield chunk;
    }
  } catch (cause) {
    throw cause instanceof SluiceError ? cause : unreadable(cause);
  }
}

function tooLarge(bytesMax: number): SluiceError {
  return new SluiceError(
    'payload_too_large',
    `Send a body of at most ${bytesMax} bytes before it is compressed: this one has more`,
    { detail: { limit: 'http.bodyBytesMax' } },
  );
}

function unreadable(cause: unknown): SluiceError {
  return new SluiceError('payload_unreadable', 'Compress the body as Content-Encoding says: it cannot be read so', {
    cause,
  });
}
