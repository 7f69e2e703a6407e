/*
 * Bytes as the vectors write them:
 *
 *   8f 00     hexadecimal
 *   'a/b'     a UTF-8 Encoded String: two bytes of length, and the text
 *   |text|    the text alone, as in a payload
 *   [ … ]     a variable byte integer that counts what stands between, as remaining and property lengths do
 *   ~         an empty list of properties: 00 on MQTT 5, nothing on 3.1.1
 */

export function bytesOf(text: string, version: 4 | 5): Buffer {
  const open: Buffer[][] = [[]];
  for (const [token] of text.matchAll(/'[^']*'|\|[^|]*\||\[|\]|~|[0-9a-fA-F]{2}|\S/g)) {
    if (token === '[') open.push([]);
    else if (token === ']') {
      const content = Buffer.concat(open.pop() as Buffer[]);
      open.at(-1)?.push(lengthOf(content), content);
    } else open.at(-1)?.push(tokenBytes(token, version));
  }
  if (open.length !== 1) throw new Error(`Cannot read bytes "${text}": a bracket is not closed`);
  return Buffer.concat(open[0]);
}

function tokenBytes(token: string, version: 4 | 5): Buffer {
  const inside = Buffer.from(token.slice(1, -1));
  if (token.startsWith("'")) return Buffer.concat([Buffer.from([inside.length >> 8, inside.length & 0xff]), inside]);
  if (token.startsWith('|')) return inside;
  if (token === '~') return Buffer.from(version === 5 ? [0] : []);
  if (/^[0-9a-fA-F]{2}$/.test(token)) return Buffer.from(token, 'hex');
  throw new Error(`Cannot read bytes at "${token}": expected hexadecimal, '…', |…|, [ … ] or ~`);
}

function lengthOf(content: Buffer): Buffer {
  const bytes: number[] = [];
  let left = content.length;
  do {
    bytes.push((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    left >>= 7;
  } while (left > 0);
  return Buffer.from(bytes);
}
