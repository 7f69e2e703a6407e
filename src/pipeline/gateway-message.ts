import { isDeviceId } from '../access/device-topics.ts';
import { SluiceError } from '../errors.ts';
import { isJsonObject, type JsonObject } from '../std/json.ts';
import { jsonDepthMax, nestsDeeper } from '../std/json-depth.ts';

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
  const text = payload.toString();
  if (nestsDeeper(text, jsonDepthMax)) {
    const sentence = `Send JSON with at most ${jsonDepthMax} arrays and objects inside each other: this has more`;
    return new SluiceError('payload_unreadable', sentence);
  }
  const value = parse(text);
  return isJsonObject(value) ? value : new SluiceError('payload_unreadable', `Send a JSON object ${meaning}`);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // What is no JSON is no object either, and refused as such.
    return undefined;
  }
}

export function notBehind(id: string, gatewayId: string): SluiceError {
  const name = JSON.stringify(id.slice(0, 200));
  return new SluiceError(
    'not_authorized',
    `Register device ${name} with gateway "${gatewayId}" first: it is not known to be behind it`,
  );
}
