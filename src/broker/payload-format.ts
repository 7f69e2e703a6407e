import { isUtf8 } from 'node:buffer';
import { SluiceError } from '../errors.ts';

/** Why a payload with Payload Format Indicator 1 is not taken; undefined where it is. */
export function payloadFormatRefusal(payload: Buffer): SluiceError | undefined {
  if (isUtf8(payload)) return undefined;
  return new SluiceError('payload_unreadable', 'Expected a payload in UTF-8, as its Payload Format Indicator says');
}
