import { isDeviceId } from '../access/device-topics.ts';
import { SluiceError } from '../errors.ts';
import { isJsonObject, type JsonObject } from '../std/json.ts';
import { jsonOfBytes } from './json-bytes.ts';

export type GatewayTopicKind = 'telemetry' | 'attributes' | 'connect' | 'disconnect';

/** Whose gateway topic it is, and what is said there; undefined where it is none. */
export function parseGatewayTopic(topic: string): { gatewayId: string; kind: GatewayTopicKind } | undefined {
  const [, gatewayId, kind] =
    /^devices\/([^/]+)\/gateway\/(telemetry|attributes|connect|disconnect)$/.exec(topic) ?? [];
  if (gatewayId === undefined || !isDeviceId(gatewayId)) return undefined;
  return { gatewayId, kind: kind as GatewayTopicKind };
}

/** The object that a gateway sends. `meaning` completes "Send a JSON object …". */
export function readGatewayObject(payload: Buffer, bytesMax: number, meaning: string): JsonObject | SluiceError {
  if (payload.length > bytesMax) {
    return new SluiceError('payload_too_large', `Send at most ${bytesMax} bytes at once: met ${payload.length}`, {
      detail: { limit: 'gatewayBytesMax' },
    });
  }
  const value = jsonOfBytes(payload, 'what a gateway says');
  if (value instanceof SluiceError || isJsonObject(value)) return value;
  return new SluiceError('payload_unreadable', `Send a JSON object ${meaning}`);
}

export function notBehind(id: string, gatewayId: string): SluiceError {
  const name = JSON.stringify(id.slice(0, 200));
  return new SluiceError(
    'not_authorized',
    `Register device ${name} with gateway "${gatewayId}" first: it is not known to be behind it`,
  );
}
