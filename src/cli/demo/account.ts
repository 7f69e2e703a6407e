import { isDeepStrictEqual } from 'node:util';
import type { HistoryRow } from '../../devices/store.ts';
import type { JsonObject } from '../../std/json.ts';
import type { DeviceFacts } from './server-facts.ts';
import type { Shipment } from './shipment.ts';

/** The two sides of the story, in messages: what the devices know, and what the server has. */
export interface Account {
  sent: number;
  acknowledged: number;
  /** Acknowledged, and in the history with at least one value that was new. */
  applied: number;
  /** Acknowledged, and in the history although something newer was known. */
  stale: number;
  /** Acknowledged, and another acknowledged message has the same id: kept once. */
  duplicate: number;
  /** Acknowledged, and in the dead letters. */
  dead: number;
  /** Acknowledged, and nowhere. */
  lost: number;
  /** Everything that contradicts the story, each as a sentence. */
  readonly problems: string[];
}

/**
 * Compares what was acknowledged with what is there, message by message: by its id, and for devices that cannot say one by
 * what it said.
 */
export function drawAccount(
  shipments: readonly Shipment[],
  isAcknowledged: (shipment: Shipment) => boolean,
  facts: ReadonlyMap<string, DeviceFacts>,
): Account {
  const acknowledged = shipments.filter(isAcknowledged);
  const account = emptyAccount(shipments.length, acknowledged.length);
  if (acknowledged.length < shipments.length) {
    account.problems.push(`${shipments.length - acknowledged.length} messages were never acknowledged`);
  }
  for (const [deviceId, known] of facts) {
    const sent = acknowledged.filter((shipment) => shipment.deviceId === deviceId);
    if (sent.some((shipment) => shipment.messageId === undefined)) accountByContent(account, deviceId, sent, known);
    else accountById(account, deviceId, sent, known);
    checkState(account, deviceId, sent, known);
  }
  return account;
}

/** Whether every message is where it belongs. */
export function addsUp(account: Account): boolean {
  const { sent, acknowledged, applied, stale, duplicate, dead, lost, problems } = account;
  return problems.length === 0 && lost === 0 && sent === acknowledged && sent === applied + stale + duplicate + dead;
}

function emptyAccount(sent: number, acknowledged: number): Account {
  return { sent, acknowledged, applied: 0, stale: 0, duplicate: 0, dead: 0, lost: 0, problems: [] };
}

function accountById(account: Account, deviceId: string, sent: readonly Shipment[], known: DeviceFacts): void {
  const byId = new Map(sent.map((shipment) => [shipment.messageId as string, shipment]));
  account.duplicate += sent.length - byId.size;
  const rows = Map.groupBy(known.rows, (row) => row.messageId);
  const dead = new Set(known.dead);
  for (const [messageId, shipment] of byId) {
    const own = rows.get(messageId) ?? [];
    if (own.length > 1) account.problems.push(`${messageId} is ${own.length} times in the history`);
    if (own.length > 0 && dead.has(messageId)) account.problems.push(`${messageId} is in the history and dead`);
    if (own.length > 0) accountRow(account, shipment, own[0]);
    else if (dead.has(messageId)) accountDead(account, shipment);
    else account.lost++;
  }
  for (const messageId of [...rows.keys(), ...dead]) {
    if (!byId.has(messageId)) account.problems.push(`${deviceId} has ${messageId}, which nobody sent`);
  }
}

/** Without ids there are no duplicates: each message that was sent has a row of its own that says the same. */
function accountByContent(account: Account, deviceId: string, sent: readonly Shipment[], known: DeviceFacts): void {
  const rows = [...known.rows];
  for (const shipment of sent) {
    const at = rows.findIndex((row) => saysAll(row.data, shipment.expected ?? {}));
    if (at < 0) account.lost++;
    else accountRow(account, shipment, rows.splice(at, 1)[0]);
  }
  const extra = rows.length + known.dead.length;
  if (extra > 0) account.problems.push(`${deviceId} has ${extra} messages more than were sent`);
}

function accountRow(account: Account, shipment: Shipment, row: HistoryRow): void {
  account[row.outcome]++;
  const name = shipment.messageId ?? `a message of ${shipment.deviceId}`;
  if (shipment.expected === undefined) account.problems.push(`${name} cannot be read, and was`);
  else if (!saysAll(row.data, shipment.expected)) {
    account.problems.push(
      `${name} became ${JSON.stringify(row.data)}: expected ${JSON.stringify(shipment.expected)} in it`,
    );
  }
}

function accountDead(account: Account, shipment: Shipment): void {
  account.dead++;
  if (shipment.expected !== undefined) account.problems.push(`${shipment.messageId} can be read, and is dead`);
}

/** The state is what the newest message said, whenever it came in. */
function checkState(account: Account, deviceId: string, sent: readonly Shipment[], known: DeviceFacts): void {
  const newest = sent.filter((shipment) => shipment.expected !== undefined).reduce(newer, undefined);
  for (const [key, value] of Object.entries(newest?.expected ?? {})) {
    const entry = known.state.find((each) => each.key === key);
    const right = isDeepStrictEqual(entry?.value, value) && [undefined, entry?.messageId].includes(newest?.messageId);
    if (right) continue;
    const met = entry === undefined ? 'nothing' : `${JSON.stringify(entry.value)} of ${entry.messageId}`;
    account.problems.push(`The state of ${deviceId} has ${met} as ${key}: expected ${JSON.stringify(value)}`);
  }
}

function newer(best: Shipment | undefined, shipment: Shipment): Shipment {
  if (best === undefined || shipment.time === undefined || best.time === undefined) return shipment;
  return shipment.time > best.time ? shipment : best;
}

function saysAll(data: JsonObject, expected: JsonObject): boolean {
  return Object.entries(expected).every(([key, value]) => isDeepStrictEqual(data[key], value));
}
