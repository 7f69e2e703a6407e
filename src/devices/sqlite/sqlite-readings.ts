import type { AppliedOutcome, HistoryQuery, HistoryRow, ProcessedMessage, Readings, StateEntry } from '../store.ts';
import { decodeOutcomes, encodeBatch } from './batch.ts';
import type { SqliteLimits } from './limits.ts';
import type { WorkerClient } from './worker-client.ts';

/** `Readings` by way of the workers. */
export class SqliteReadings implements Readings {
  readonly #writer: WorkerClient;
  readonly #reader: WorkerClient;
  readonly #limits: SqliteLimits;

  constructor(writer: WorkerClient, reader: WorkerClient, limits: SqliteLimits) {
    this.#writer = writer;
    this.#reader = reader;
    this.#limits = limits;
  }

  apply(batch: readonly ProcessedMessage[]): Promise<readonly AppliedOutcome[]> {
    return this.#write('apply', batch);
  }

  preview(batch: readonly ProcessedMessage[]): Promise<readonly AppliedOutcome[]> {
    return this.#write('preview', batch);
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

  async #write(name: 'apply' | 'preview', batch: readonly ProcessedMessage[]): Promise<readonly AppliedOutcome[]> {
    if (batch.length === 0) return [];
    const encoded = encodeBatch(batch);
    return decodeOutcomes(await this.#writer.request(name, [encoded], [encoded.raw.buffer as ArrayBuffer]));
  }
}
