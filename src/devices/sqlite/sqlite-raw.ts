import type { Correction, RawMessages, RawQuery, RawSlice } from '../raw.ts';
import type { WorkerClient } from './worker-client.ts';

/** `RawMessages` by way of the workers. */
export class SqliteRaw implements RawMessages {
  readonly #writer: WorkerClient;
  readonly #scanner: WorkerClient;

  constructor(writer: WorkerClient, scanner: WorkerClient) {
    this.#writer = writer;
    this.#scanner = scanner;
  }

  slice(query: RawQuery): Promise<RawSlice> {
    return this.#scanner.request('rawSlice', [query]);
  }

  correct(batch: readonly Correction[]): Promise<readonly boolean[]> {
    return this.#writer.request('correct', [batch]);
  }
}
