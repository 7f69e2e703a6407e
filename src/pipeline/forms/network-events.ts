import { createHash } from 'node:crypto';
import { isJsonObject, type JsonObject, type JsonValue } from '../../std/json.ts';
import { timeOf } from '../event-time.ts';

/** What a LoRaWAN network server tells of a device, in the form of The Things Stack (version 3) or ChirpStack (versions 3 and 4). */
export interface NetworkEvent {
  /** What the server calls the device: what is likeliest to be its id comes first. */
  readonly deviceNames: readonly string[];
  /** What happened, in the word of the server. */
  readonly kind: string;
  /** Absent: nothing that the device sent. */
  readonly uplink: NetworkUplink | undefined;
}

/** What a device sent, and what its network server says of it. */
export interface NetworkUplink {
  /** In base64. Absent: no more than its network needed. */
  readonly payload: string | undefined;
  readonly fPort: number | undefined;
  /** What a codec on the server made of the payload. */
  readonly decoded: JsonObject | undefined;
  /** The same for every copy of the message, and for no other one. */
  readonly messageId: string | undefined;
  /** Epoch milliseconds. */
  readonly time: number | undefined;
  readonly seq: number | undefined;
}

/** Undefined where the value is none. */
export function readNetworkEvent(value: unknown): NetworkEvent | undefined {
  if (!isJsonObject(value)) return undefined;
  const { end_device_ids: ids, deviceInfo } = value;
  if (isJsonObject(ids) && typeof ids.device_id === 'string')
    return ofTheThingsStack(value, ids.device_id, ids.dev_eui);
  if (isJsonObject(deviceInfo) && typeof deviceInfo.devEui === 'string') return ofChirpStack(value, deviceInfo.devEui);
  return isOfChirpStack3(value) ? ofChirpStack3(value) : undefined;
}

const openBrace = 0x7b;
const signs = ['"end_device_ids"', '"deviceInfo"', '"devEUI"'].map((sign) => Buffer.from(sign));

/** Whether it is worth to read the bytes as JSON. */
export function mayBeNetworkEvent(bytes: Buffer): boolean {
  return bytes[0] === openBrace && signs.some((sign) => bytes.includes(sign));
}

/** The bytes that the device sent; undefined where the text is no base64. */
export function payloadOf(base64: string): Buffer | undefined {
  const bytes = Buffer.from(base64, 'base64');
  return bytes.toString('base64').replace(padding, '') === base64.replace(padding, '') ? bytes : undefined;
}

const padding = /={1,2}$/;

/** Fields of an event of The Things Stack beside the one that says what happened. */
const commonFields: ReadonlySet<string> = new Set(['end_device_ids', 'correlation_ids', 'received_at', 'simulated']);

function ofTheThingsStack(event: JsonObject, id: string, eui: JsonValue | undefined): NetworkEvent {
  const { uplink_message: uplink } = event;
  return {
    deviceNames: typeof eui === 'string' ? [id, eui, eui.toLowerCase()] : [id],
    kind: Object.keys(event).find((key) => !commonFields.has(key)) ?? 'nothing',
    uplink: isJsonObject(uplink) ? uplinkOfTheThingsStack(event, uplink, id) : undefined,
  };
}

function uplinkOfTheThingsStack(event: JsonObject, uplink: JsonObject, id: string): NetworkUplink {
  const { f_port: fPort, f_cnt: count, session_key_id: session, received_at: at = event.received_at } = uplink;
  return {
    payload: textOf(uplink.frm_payload),
    fPort: portOf(fPort),
    decoded: objectOf(uplink.decoded_payload),
    // Counters begin anew with a session, and those of devices that never join whenever they are told to.
    messageId: typeof at === 'string' ? idOf(id, session, count, at) : undefined,
    time: timeOf(at),
    seq: counterOf(count),
  };
}

function ofChirpStack(event: JsonObject, eui: string): NetworkEvent {
  const { data, rxInfo, integrationName } = event;
  const isUplink = (typeof data === 'string' || Array.isArray(rxInfo)) && integrationName === undefined;
  return {
    deviceNames: [eui, eui.toUpperCase()],
    kind: isUplink ? 'up' : 'no uplink',
    uplink: isUplink ? uplinkOfChirpStack(event) : undefined,
  };
}

function uplinkOfChirpStack({ data, fPort, fCnt, object, deduplicationId: id, time }: JsonObject): NetworkUplink {
  return {
    payload: textOf(data),
    fPort: portOf(fPort),
    decoded: objectOf(object),
    messageId: typeof id === 'string' && /^[\w-]{1,64}$/.test(id) ? id : undefined,
    time: timeOf(time),
    seq: counterOf(fCnt),
  };
}

/** An application and a device have names in every event of it; devices write such JSON of themselves hardly by chance. */
function isOfChirpStack3({ devEUI, applicationID, applicationName, deviceName }: JsonObject): boolean {
  const isNamed = typeof applicationName === 'string' && typeof deviceName === 'string';
  return (
    isNamed && (typeof applicationID === 'string' || typeof applicationID === 'number') && euiOf(devEUI) !== undefined
  );
}

/**
 * ChirpStack 3 has two forms of JSON, of which its operator chooses one: its own, with names in hex and what its codec made in
 * `object`, and that of Protocol Buffers, with names in base64 and `objectJSON`, a text. Only uplinks have a port.
 */
function ofChirpStack3(event: JsonObject): NetworkEvent {
  const eui = euiOf(event.devEUI) ?? '';
  const isUplink = typeof event.fPort === 'number' && event.integrationName === undefined;
  return {
    deviceNames: [eui, eui.toUpperCase()],
    kind: isUplink ? 'up' : 'no uplink',
    uplink: isUplink ? uplinkOfChirpStack3(event, eui) : undefined,
  };
}

function uplinkOfChirpStack3(event: JsonObject, eui: string): NetworkUplink {
  const { data, fPort, fCnt, object, objectJSON, publishedAt, rxInfo } = event;
  const receptions = Array.isArray(rxInfo) ? rxInfo.filter(isJsonObject) : [];
  const times = [publishedAt, ...receptions.map(({ time }) => time)];
  const at = times.find((time) => typeof time === 'string' && timeOf(time) !== undefined);
  const reception = receptions.map(({ uplinkID }) => uplinkID).find(isGiven) ?? at;
  return {
    payload: textOf(data),
    fPort: portOf(fPort),
    decoded: objectOf(object) ?? objectOf(parsed(objectJSON)),
    messageId: typeof reception === 'string' ? idOf(eui, undefined, fCnt, reception) : undefined,
    time: timeOf(at),
    seq: counterOf(fCnt),
  };
}

/** Gateways that do not number what they receive leave zeros, in hex or base64. */
function isGiven(id: JsonValue | undefined): boolean {
  return typeof id === 'string' && !/^[0A=-]*$/.test(id);
}

const euiBytes = 8;

/** In hex, of what is written in hex or in base64: of eight bytes these have different lengths. */
function euiOf(value: JsonValue | undefined): string | undefined {
  if (typeof value !== 'string') return undefined;
  if (/^[0-9a-f]{16}$/i.test(value)) return value.toLowerCase();
  const bytes = value.length === 12 ? payloadOf(value) : undefined;
  return bytes?.length === euiBytes ? bytes.toString('hex') : undefined;
}

function parsed(text: JsonValue | undefined): JsonValue | undefined {
  try {
    return typeof text === 'string' && text !== '' ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}

function textOf(value: JsonValue | undefined): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function objectOf(value: JsonValue | undefined): JsonObject | undefined {
  return isJsonObject(value) && Object.keys(value).length > 0 ? value : undefined;
}

function portOf(value: JsonValue | undefined): number | undefined {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 255 ? Number(value) : undefined;
}

function counterOf(value: JsonValue | undefined): number | undefined {
  return Number.isSafeInteger(value) ? Number(value) : undefined;
}

/** What is no text or number is left out: it may be nested more deeply than can be written. */
function idOf(id: string, session: JsonValue | undefined, count: JsonValue | undefined, at: string): string {
  const parts = [id, typeof session === 'string' ? session : null, typeof count === 'number' ? count : 0, at];
  return `lorawan-${createHash('sha256').update(JSON.stringify(parts)).digest('base64url')}`;
}
