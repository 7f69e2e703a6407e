import type { HistoryRow, StateEntry } from '../../devices/store.ts';
import type { MessagesAnswer } from '../answers.ts';
import { type Api, path } from '../api.ts';

/** What the server has of one device, read over its public API. */
export interface DeviceFacts {
  readonly rows: readonly HistoryRow[];
  readonly state: readonly StateEntry[];
  /** Message ids of its dead letters, one for each. */
  readonly dead: readonly string[];
}

const pageSize = 500;

export async function readFacts(api: Api, deviceIds: readonly string[]): Promise<ReadonlyMap<string, DeviceFacts>> {
  const dead = await readDeadLetters(api);
  const facts = new Map<string, DeviceFacts>();
  for (const id of deviceIds) {
    const { state } = await api.get<{ state: readonly StateEntry[] }>(path`/v1/devices/${id}/state`);
    facts.set(id, { rows: await readHistory(api, id), state, dead: dead.get(id) ?? [] });
  }
  return facts;
}

async function readHistory(api: Api, deviceId: string): Promise<readonly HistoryRow[]> {
  const rows: HistoryRow[] = [];
  let before: number | undefined;
  do {
    const query = { before, limit: pageSize };
    const page = await api.get<{ rows: readonly HistoryRow[]; before?: number }>(
      path`/v1/devices/${deviceId}/history`,
      query,
    );
    rows.push(...page.rows);
    before = page.rows.length === 0 ? undefined : page.before;
  } while (before !== undefined);
  return rows;
}

/** Message ids by device. */
async function readDeadLetters(api: Api): Promise<ReadonlyMap<string, readonly string[]>> {
  const found = new Map<string, string[]>();
  let from: number | undefined = 0;
  while (from !== undefined) {
    const page: MessagesAnswer = await api.get('/v1/dead-letters/messages', { from, limit: pageSize });
    for (const { death } of page.messages) {
      const headers = new Map(death?.headers);
      const deviceId = headers.get('device-id') ?? '';
      found.set(deviceId, [...(found.get(deviceId) ?? []), headers.get('message-id') ?? '']);
    }
    from = page.next;
  }
  return found;
}
