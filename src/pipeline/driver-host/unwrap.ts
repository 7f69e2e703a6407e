import { SluiceError } from '../../errors.ts';
import type { DecodeResult } from '../driver.ts';
import { mayBeNetworkEvent, payloadOf, readNetworkEvent } from '../forms/network-events.ts';
import { jsonOfBytes } from '../json-bytes.ts';
import type { Task } from './job.ts';

/** A task, and the answer to it where no driver has to be asked. */
export interface UnwrappedTask extends Task {
  readonly answer?: DecodeResult;
}

/**
 * A driver knows the bytes of its devices, not the JSON that a LoRaWAN network server wraps around them: of that it gets the
 * payload and its port. What the server tells of a device besides has no readings.
 */
export function unwrapped(task: Task): UnwrappedTask {
  if (task.call !== undefined && task.call !== 'decodeUplink' && task.call !== 'normalizeUplink') return task;
  const { buffer, byteOffset, byteLength } = task.bytes;
  const bytes = Buffer.from(buffer, byteOffset, byteLength);
  if (!mayBeNetworkEvent(bytes)) return task;
  const value = jsonOfBytes(bytes, 'an event');
  const event = value instanceof SluiceError ? undefined : readNetworkEvent(value);
  if (event === undefined) return task;
  const { payload, fPort = task.fPort } = event.uplink ?? {};
  if (payload === undefined) return answered(task, withoutReadings(event.kind));
  const sent = payloadOf(payload);
  return sent === undefined ? answered(task, notBase64(payload)) : { ...task, bytes: sent, fPort };
}

/** It runs by itself, so that no driver is given what stands around it. */
function answered(task: Task, answer: DecodeResult): UnwrappedTask {
  return { ...task, alone: true, answer };
}

function withoutReadings(kind: string): DecodeResult {
  const warning = `The network server told of ${JSON.stringify(kind.slice(0, 100))}, with no payload of the device`;
  return { ok: true, readings: [], warnings: [warning] };
}

function notBase64(payload: string): DecodeResult {
  const reason = `Send the payload of an uplink in base64: met ${JSON.stringify(payload.slice(0, 100))}`;
  return { ok: false, stage: 'decode', code: 'payload_unreadable', reason };
}
