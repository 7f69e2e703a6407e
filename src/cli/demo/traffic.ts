import type { JsonObject } from '../../std/json.ts';
import type { FleetDevice } from './fleet.ts';
import { publishedUplinks, type Uplink } from './payloads.ts';
import { randomFrom } from './random.ts';
import type { Shipment, ShipmentKind } from './shipment.ts';

export interface TrafficPlan {
  readonly seed: number;
  /** Regular messages of each device; the irregular ones come on top. */
  readonly messagesPerDevice: number;
  /** The newest measurement's time, epoch milliseconds. */
  readonly until: number;
}

const stepMs = 60_000;
const duplicateShare = 0.03;
const lateShare = 0.03;
const damagedShare = 0.04;
/** How far back a device repeats itself. */
const repeatDistanceMax = 10;

/** Everything that one device sends, in the order in which it sends it. The same plan gives the same traffic. */
export function trafficOf(device: FleetDevice, plan: TrafficPlan): readonly Shipment[] {
  const random = randomFrom(plan.seed ^ hashOf(device.id));
  const shipments: Shipment[] = [];
  const first = plan.until - plan.messagesPerDevice * stepMs;
  let seq = 0;
  const send = (kind: ShipmentKind, uplink: Uplink, time: number, firmware: string | undefined): void => {
    seq++;
    shipments.push(shipmentOf(device, kind, uplink, { time, seq, firmware }));
  };
  for (let n = 0; n < plan.messagesPerDevice; n++) {
    const time = first + n * stepMs;
    const { uplink, firmware } = measurement(device, n, plan.messagesPerDevice);
    send('regular', uplink, time, firmware);
    if (device.speechless) continue;
    if (random() < duplicateShare) shipments.push(repeated(shipments, random));
    if (random() < lateShare) send('late', device.measure(n), first - (1 + n) * stepMs, device.firmware);
    if (device.damage !== undefined && random() < damagedShare)
      send('unreadable', device.damage(n), time + 1, firmware);
  }
  return shipments;
}

/** The published payloads of the maker first, then variations of them; after an update those of the new firmware. */
function measurement(device: FleetDevice, n: number, total: number): { uplink: Uplink; firmware: string | undefined } {
  const { update } = device;
  if (update !== undefined && n >= total / 2) return { uplink: update.measure(n), firmware: update.firmware };
  const published = publishedUplinks(device.type)[n];
  // What is published for the type need not be of this firmware.
  const usable = published !== undefined && (device.firmware === undefined || update !== undefined);
  return { uplink: usable ? published : device.measure(n), firmware: update && device.firmware };
}

interface Stamp {
  readonly time: number;
  readonly seq: number;
  readonly firmware: string | undefined;
}

function shipmentOf(device: FleetDevice, kind: ShipmentKind, uplink: Uplink, stamp: Stamp): Shipment {
  const json = uplink.fPort === undefined;
  const said = device.speechless === true ? {} : { ...stamp, messageId: `${device.id}-${stamp.seq}` };
  const { messageId, time, seq, firmware }: Partial<Stamp> & { messageId?: string } = said;
  return {
    deviceId: device.id,
    messageId,
    kind,
    payload: json && device.door === 'mqtt-3.1.1' ? enveloped(uplink, messageId, stamp) : uplink.payload,
    contentType: json ? 'application/json' : 'application/octet-stream',
    time,
    seq,
    fPort: uplink.fPort,
    firmware,
    expected: uplink.expected,
  };
}

/** MQTT 3.1.1 has no properties: what there is to say about a message stands in its payload. */
function enveloped(uplink: Uplink, messageId: string | undefined, { time, seq }: Stamp): Buffer {
  const values = JSON.parse(uplink.payload.toString()) as JsonObject;
  return Buffer.from(JSON.stringify({ messageId, ts: time, seq, values }));
}

function repeated(shipments: readonly Shipment[], random: () => number): Shipment {
  const recent = shipments.slice(-repeatDistanceMax).filter((shipment) => shipment.kind !== 'unreadable');
  return { ...recent[Math.floor(random() * recent.length)], kind: 'duplicate' };
}

/** FNV-1a, so that each device has a course of its own under one seed. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (const character of text) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193);
  return hash >>> 0;
}
