import type { JsonObject } from '../../std/json.ts';

/** One message that a device means to send. A message that is sent again on purpose is a shipment of its own. */
export interface Shipment {
  readonly deviceId: string;
  /** Undefined where the device has no way to say one: binary over MQTT 3.1.1. */
  readonly messageId: string | undefined;
  readonly kind: ShipmentKind;
  readonly payload: Buffer;
  readonly contentType: string;
  /** When it happened, epoch milliseconds; undefined where the device does not say. */
  readonly time: number | undefined;
  readonly seq: number | undefined;
  readonly fPort: number | undefined;
  readonly firmware: string | undefined;
  /** Readings that it must become, some or all of them; undefined where it can never be read. */
  readonly expected: JsonObject | undefined;
}

/**
 * - `regular`: in its turn.
 * - `duplicate`: sent before under the same message id.
 * - `late`: older than what was sent before.
 * - `unreadable`: damaged on the way; it stays a dead letter.
 */
export type ShipmentKind = 'regular' | 'duplicate' | 'late' | 'unreadable';
