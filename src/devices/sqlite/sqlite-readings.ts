import type { Log } from '../../std/log.ts';
import type {
  HistoryQuery,
  HistoryRow,
  InboxEntry,
  MessageKey,
  ProcessedMessage,
  Readings,
  StateEntry,
  StoreOutcome,
} from '../store.ts';
import { type AppliedBatch, decodeOutcomes, encodeBatch } from './batch.ts';
import type { SqliteLimits } from './limits.ts';
import type { WorkerClient } from './worker-client.ts';

/** `Readings` by way of the workers. */
export class SqliteReadings implements Readings {
  readonly #writer: WorkerClient;
  readonly #reader: WorkerClient;
  readonly #log: Log;
  readonly #limits: SqliteLimits;
  readonly #told = new Set<string>();
  /** Keys of readings since the start that are in the history and not in the state, which had no room. */
  stateKeysLeftOut = 0;

  constructor(writer: WorkerClient, reader: WorkerClient, log: Log, limits: SqliteLimits) {
    this.#writer = writer;
    this.#reader = reader;
    this.#log = log;
    this.#limits = limits;
  }

  async apply(batch: readonly ProcessedMessage[]): Promise<readonly StoreOutcome[]> {
    if (batch.length === 0) return [];
    const encoded = encodeBatch(batch);
    const applied = await this.#writer.request('apply', [encoded], [encoded.raw.buffer as ArrayBuffer]);
    if (applied.leftOut.length > 0) this.#tell(applied);
    return decodeOutcomes(applied.outcomes);
  }

  async preview(batch: readonly ProcessedMessage[]): Promise<readonly StoreOutcome[]> {
    if (batch.length === 0) return [];
    const encoded = encodeBatch(batch);
    return decodeOutcomes(await this.#writer.request('preview', [encoded], [encoded.raw.buffer as ArrayBuffer]));
  }

  areStored(messages: readonly MessageKey[]): Promise<readonly boolean[]> {
    return this.#writer.request('areStored', [messages]);
  }

  state(deviceId: string): Promise<readonly StateEntry[]> {
    return this.#reader.request('state', [deviceId]);
  }

  history(query: HistoryQuery): Promise<readonly HistoryRow[]> {
    const limit = Math.min(query.limit, this.#limits.pageRowsMax);
    return this.#reader.request('history', [{ ...query, limit }]);
  }

  message(deviceId: string, messageId: string): Promise<readonly HistoryRow[]> {
    return this.#reader.request('message', [deviceId, messageId]);
  }

  inbox(messageId: string, deviceId: string | undefined, limit: number): Promise<readonly InboxEntry[]> {
    return this.#reader.request('inbox', [messageId, deviceId, limit]);
  }

  /** Once for each device: it would be the same line with each of its messages. */
  #tell({ leftOut }: AppliedBatch): void {
    const { stateKeysMax, stateEventTypesMax, fullDevicesToldMax } = this.#limits;
    for (const [deviceId, keys] of leftOut) {
      this.stateKeysLeftOut += keys;
      if (this.#told.has(deviceId)) continue;
      if (this.#told.size >= fullDevicesToldMax) this.#told.clear();
      this.#told.add(deviceId);
      this.#log.warn('The state of a device has no room for new keys; its readings are in the history', {
        deviceId,
        keys,
        stateKeysMax,
        stateEventTypesMax,
      });
    }
  }
}
