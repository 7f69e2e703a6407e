import type { Shipment } from '../../src/cli/demo/shipment.ts';
import type { Random } from '../../src/std/testing/random.ts';

/** What must become of a message, whatever happens to the server. */
export type Fate =
  | 'stored'
  | 'dead'
  /** Its schema changes while it is on its way: it is judged by the old one or by the new one. */
  | 'either';

export interface FatedShipment extends Shipment {
  readonly fate: Fate;
}

export interface ChaosDevice {
  readonly id: string;
  readonly type: 'chaos-json' | 'chaos-codec';
  readonly version: 4 | 5;
}

/** A reading above it is against the first schema. */
export const highestAtFirst = 1_000;
/** And against the second one. */
export const highestLater = 500;

/** What a byte of the codec's payload makes it do. */
const codecActs = { throws: 0xfd, hoards: 0xfe, loops: 0xff };

export const codec = `
function decodeUplink(input) {
  var kind = input.bytes[0];
  if (kind === ${codecActs.loops}) while (true) {}
  if (kind === ${codecActs.hoards}) { var all = []; for (;;) all.push(new Array(100000).fill(kind)); }
  if (kind === ${codecActs.throws}) throw new Error('cannot read this');
  return { data: { v: input.bytes[1] * 256 + input.bytes[2] } };
}
`;

/** Ahead of every clock by more than a device may be. */
const jumpMs = 3_600_000;
const stepMs = 1_000;

/** All that a device sends, in its order: mostly good readings, with everything that devices do wrong among them. */
export function chaosTraffic(device: ChaosDevice, random: Random, messages: number): FatedShipment[] {
  const shipments: FatedShipment[] = [];
  const end = Date.now() - 60_000;
  // Its clock jumps back once and goes on from there.
  const jumpAt = random.below(messages);
  for (let number = 0; number < messages; number++) {
    const back = number >= jumpAt ? 500_500 : 0;
    const time = end - (messages - number) * stepMs - back;
    const shipment = made(device, random, number, time);
    shipments.push(shipment);
    if (random.chance(8)) shipments.push(random.pick(shipments));
  }
  return shuffled(shipments, random);
}

function made(device: ChaosDevice, random: Random, number: number, time: number): FatedShipment {
  const kind = random.choose<'good' | 'late' | 'future' | 'violating' | 'unreadable' | 'looping' | 'hoarding'>([
    [80, 'good'],
    [5, 'late'],
    [3, 'future'],
    [4, 'violating'],
    [4, 'unreadable'],
    [device.type === 'chaos-codec' ? 1 : 0, 'looping'],
    [device.type === 'chaos-codec' ? 0.5 : 0, 'hoarding'],
  ]);
  const at = { late: time - 10 * jumpMs, future: Date.now() + jumpMs }[kind as string] ?? time;
  const v = kind === 'violating' ? highestAtFirst + 1 + random.below(1_000) : random.below(highestAtFirst + 1);
  return {
    deviceId: device.id,
    messageId: `${device.id}-${number}`,
    kind: kind === 'late' ? 'late' : 'regular',
    payload: payloadOf(device, kind, v, `${device.id}-${number}`, at, number),
    contentType: device.type === 'chaos-codec' ? 'application/octet-stream' : 'application/json',
    time: at,
    seq: number + 1,
    fPort: undefined,
    firmware: undefined,
    expected: { v },
    fate: fateOf(kind, v),
  };
}

function fateOf(kind: string, v: number): Fate {
  if (kind !== 'good' && kind !== 'late') return 'dead';
  return v > highestLater ? 'either' : 'stored';
}

/** JSON says all in its payload, since MQTT 3.1.1 has no other place for it. */
function payloadOf(device: ChaosDevice, kind: string, v: number, messageId: string, time: number, n: number): Buffer {
  if (device.type === 'chaos-codec') {
    const act = { unreadable: codecActs.throws, looping: codecActs.loops, hoarding: codecActs.hoards }[kind] ?? 1;
    return Buffer.of(act, v >> 8, v & 0xff);
  }
  const values = kind === 'unreadable' ? { w: v } : { v };
  return Buffer.from(JSON.stringify({ messageId, ts: time, seq: n + 1, values }));
}

/** Each changes places with one of the few behind it: what a network with several ways does. */
function shuffled<T>(items: T[], random: Random): T[] {
  for (let at = 0; at < items.length; at++) {
    const other = Math.min(items.length - 1, at + random.below(4));
    [items[at], items[other]] = [items[other], items[at]];
  }
  return items;
}
