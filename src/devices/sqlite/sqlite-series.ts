import type { ExportPosition, ExportQuery, ExportSlice, Series, SeriesPage, SeriesQuery } from '../series.ts';
import type { WorkerClient } from './worker-client.ts';

/** `Series` by way of a thread of its own, so that nobody who looks for a device waits behind a long answer. */
export class SqliteSeries implements Series {
  readonly #scanner: WorkerClient;

  constructor(scanner: WorkerClient) {
    this.#scanner = scanner;
  }

  points(query: SeriesQuery): Promise<SeriesPage> {
    return this.#scanner.request('seriesPoints', [query]);
  }

  exported(query: ExportQuery, after?: ExportPosition): Promise<ExportSlice> {
    return this.#scanner.request('exportSlice', [query, after]);
  }
}
