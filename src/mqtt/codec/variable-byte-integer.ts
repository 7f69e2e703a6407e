import { SluiceError } from '../../errors.ts';

/** The largest value that four bytes of seven bits hold: section 1.5.5. Also the largest remaining length. */
export const variableByteIntegerMax = 268_435_455;

/** How many bytes the value takes, 1 to 4. Throws `payload_too_large` beyond what the format can say. */
export function variableByteIntegerSize(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x200000) return 3;
  if (value <= variableByteIntegerMax) return 4;
  throw new SluiceError(
    'payload_too_large',
    `Cannot encode a length of ${value}: MQTT can express at most ${variableByteIntegerMax}`,
  );
}

/** Writes the value in as few bytes as it takes [MQTT-1.5.5-1] and answers the position behind it. */
export function writeVariableByteInteger(buffer: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value;
  while (rest >= 0x80) {
    buffer[at++] = (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  buffer[at++] = rest;
  return at;
}
