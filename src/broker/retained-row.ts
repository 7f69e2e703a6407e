import { decodeMessage, encodeMessage } from '../message.ts';
import { utf8Size, writeUtf8 } from '../std/text.ts';
import { Publication } from './publication.ts';
import type { RetainedMessage } from './retained-scan.ts';

/*
 * A row, all numbers big-endian; without a source the record follows the place:
 *
 *   0            8          9                 13
 *   +------------+----------+-----------------+--------+-----------------------+
 *   | place u64  | 0xff u8  | source len u32  | source | record of the message |
 *   |            |          |                 | utf-8  |                       |
 *   +------------+----------+-----------------+--------+-----------------------+
 */
const placeBytes = 8;
const sourceFollows = 0xff;
const sourceHeadBytes = 5;

export function encodeRetained(publication: Publication, place: number): Buffer {
  const { source } = publication;
  const sourceBytes = source === undefined ? 0 : utf8Size(source);
  const row = encodeMessage(publication, placeBytes + (source === undefined ? 0 : sourceHeadBytes + sourceBytes));
  row.writeBigUInt64BE(BigInt(place));
  if (source === undefined) return row;
  row[placeBytes] = sourceFollows;
  row.writeUInt32BE(sourceBytes, placeBytes + 1);
  writeUtf8(row, placeBytes + sourceHeadBytes, source, sourceBytes);
  return row;
}

/** Throws where the row is not one. */
export function decodeRetained(row: Buffer): RetainedMessage {
  const hasSource = row[placeBytes] === sourceFollows;
  const sourceStart = placeBytes + sourceHeadBytes;
  const sourceEnd = hasSource ? sourceStart + row.readUInt32BE(placeBytes + 1) : placeBytes;
  const publication = Publication.stored(decodeMessage(row, sourceEnd));
  if (hasSource) publication.source = row.toString('utf8', sourceStart, sourceEnd);
  return { publication, place: Number(row.readBigUInt64BE()) };
}
