import type { Correction, RawMessages, RawQuery, RawSlice } from '../raw.ts';
import type { WorkerClient } from './worker-client.ts';

/** `RawMessages` by way of the workers. */
export class SqliteRaw implements RawMessages {
  readonly #writer: WorkerClient;
  readonly #reader: WorkerClient;

  constructor(writer: WorkerClient, reader: WorkerClient) {
    this.#writer = writer;
    this.#reader = reader;
  }

  slice(query: RawQuery): Promise<RawSlice> {
    return this.#reader.request('rawSlice', [query]);
  }

  correct(batch: readonly Correction[]): Promise<readonly boolean[]> {
    return this.#writer.request('correct', [batch]);
  }
}
