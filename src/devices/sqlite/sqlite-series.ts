import type {
  ExportPosition,
  ExportQuery,
  ExportSlice,
  Series,
  SeriesPage,
  SeriesQuery,
  TypeSeriesPage,
  TypeSeriesQuery,
} from '../series.ts';
import { typeSeries } from './type-series.ts';
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

  ofType(query: TypeSeriesQuery, signal: AbortSignal): Promise<TypeSeriesPage> {
    return typeSeries(query, signal, (after) => this.#scanner.request('typeSeriesSlice', [query, after]));
  }

  exported(query: ExportQuery, after?: ExportPosition): Promise<ExportSlice> {
    return this.#scanner.request('exportSlice', [query, after]);
  }
}
