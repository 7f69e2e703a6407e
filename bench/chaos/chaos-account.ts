import { isDeepStrictEqual } from 'node:util';
import type { DeviceFacts } from '../../src/cli/demo/server-facts.ts';
import type { FatedShipment } from './traffic.ts';

/** Messages by what became of them. */
export interface ChaosAccount {
  sent: number;
  applied: number;
  stale: number;
  duplicate: number;
  dead: number;
  lost: number;
  /** Everything that contradicts what must be, each as a sentence. */
  readonly problems: string[];
}

export function emptyChaosAccount(): ChaosAccount {
  return { sent: 0, applied: 0, stale: 0, duplicate: 0, dead: 0, lost: 0, problems: [] };
}

export function addsUp({ sent, applied, stale, duplicate, dead, lost, problems }: ChaosAccount): boolean {
  return problems.length === 0 && lost === 0 && sent === applied + stale + duplicate + dead;
}

/** Compares what devices got a final answer for with what the server has, message by message. */
export function drawChaosAccount(
  shipments: readonly FatedShipment[],
  facts: ReadonlyMap<string, DeviceFacts>,
): ChaosAccount {
  const account = emptyChaosAccount();
  for (const [deviceId, known] of facts) {
    const own = shipments.filter((shipment) => shipment.deviceId === deviceId);
    account.sent += own.length;
    accountDevice(account, deviceId, own, known);
    checkState(account, deviceId, known);
  }
  return account;
}

function accountDevice(
  account: ChaosAccount,
  deviceId: string,
  sent: readonly FatedShipment[],
  known: DeviceFacts,
): void {
  const byId = new Map(sent.map((shipment) => [shipment.messageId as string, shipment]));
  const rows = Map.groupBy(known.rows, (row) => row.messageId);
  const dead = new Set(known.dead);
  account.duplicate += sent.length - byId.size;
  for (const [messageId, shipment] of byId) {
    const own = rows.get(messageId) ?? [];
    if (own.length > 1) account.problems.push(`${messageId} is ${own.length} times in the history`);
    if (own.length > 0 && dead.has(messageId)) account.problems.push(`${messageId} is in the history and dead`);
    if (own.length > 0) accountRow(account, shipment, own[0]);
    else if (dead.has(messageId)) accountDead(account, shipment);
    else {
      account.lost++;
      account.problems.push(`${messageId} is nowhere`);
    }
  }
  for (const messageId of [...rows.keys(), ...dead]) {
    if (!byId.has(messageId)) account.problems.push(`${deviceId} has ${messageId}, which nobody sent`);
  }
}

function accountRow(
  account: ChaosAccount,
  { messageId, fate, expected }: FatedShipment,
  row: DeviceFacts['rows'][number],
): void {
  account[row.outcome]++;
  if (fate === 'dead') account.problems.push(`${messageId} must not be stored, and was`);
  if (!isDeepStrictEqual(row.data, expected))
    account.problems.push(`${messageId} became ${JSON.stringify(row.data)}: expected ${JSON.stringify(expected)}`);
}

function accountDead(account: ChaosAccount, { messageId, fate }: FatedShipment): void {
  account.dead++;
  if (fate === 'stored') account.problems.push(`${messageId} must be stored, and is dead`);
}

/** The latest state is what the newest reading of the history says, whenever that came. */
function checkState(account: ChaosAccount, deviceId: string, { rows, state }: DeviceFacts): void {
  const newest = rows.toSorted((a, b) => b.time - a.time || (b.seq ?? 0) - (a.seq ?? 0)).at(0);
  const met = state.find(({ key }) => key === 'v');
  if (newest === undefined && met === undefined) return;
  if (met?.messageId === newest?.messageId && met?.value === newest?.data.v) return;
  account.problems.push(
    `The state of ${deviceId} is ${met?.value} of ${met?.messageId}: expected ${newest?.data.v} of ${newest?.messageId}`,
  );
}
