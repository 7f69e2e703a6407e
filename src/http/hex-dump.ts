/** Sixteen bytes of a payload, as people read them. */
export interface HexRow {
  /** Of the first byte. */
  readonly offset: number;
  /** Two digits a byte, with a space between. */
  readonly hex: string;
  /** The same bytes as ASCII; a dot for what is not printable. */
  readonly text: string;
}

const bytesInRow = 16;

export function hexDump(bytes: Buffer): HexRow[] {
  const rows: HexRow[] = [];
  for (let offset = 0; offset < bytes.length; offset += bytesInRow) {
    const row = bytes.subarray(offset, offset + bytesInRow);
    rows.push({ offset, hex: (row.toString('hex').match(/../g) ?? []).join(' '), text: printable(row) });
  }
  return rows;
}

function printable(bytes: Buffer): string {
  return bytes.toString('latin1').replace(/[^\x20-\x7e]/g, '.');
}
