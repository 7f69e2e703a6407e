/**
 * Numbers of the history by interval, and the history as a whole. Only numbers make a series; true counts as 1 and false as
 * 0, and all else is passed over. Stale readings count too: what they say was true at their time.
 */
export interface Series {
  /** Rejects with `quota_exceeded` where it would have to read more rows than it may. */
  points(query: SeriesQuery): Promise<SeriesPage>;
  /**
   * One series for each key over all devices of a type. Worked out device by device while others store, so that it is not one
   * moment in time. Rejects with `quota_exceeded` as `points` does, and with the reason of `signal` once that is aborted.
   */
  ofType(query: TypeSeriesQuery, signal: AbortSignal): Promise<TypeSeriesPage>;
  /** The next rows in the order of (device, time, id), and where to go on; without `next` at the end. */
  exported(query: ExportQuery, after?: ExportPosition): Promise<ExportSlice>;
}

export interface SeriesQuery {
  readonly deviceIds: readonly string[];
  readonly eventType: string;
  readonly keys: readonly string[];
  /** Intervals begin at multiples of it since the epoch. */
  readonly intervalMs: number;
  /** Epoch milliseconds, inclusive. */
  readonly from: number;
  /** Epoch milliseconds, exclusive. */
  readonly to: number;
  /** Intervals of one answer; an answer may have fewer where it is for many devices and keys. */
  readonly limit: number;
}

export interface TypeSeriesQuery extends Omit<SeriesQuery, 'deviceIds'> {
  readonly deviceType: string;
}

export interface TypeSeriesPage {
  /** How many devices of the type there are. */
  readonly devices: number;
  readonly series: readonly Omit<DeviceSeries, 'deviceId'>[];
  /** The `from` of the next page. */
  readonly next: number | undefined;
}

export interface SeriesPage {
  readonly series: readonly DeviceSeries[];
  /** The `from` of the next page. */
  readonly next: number | undefined;
  /** Where the page has no point: from when to when there are numbers at all, of any of the keys and devices. */
  readonly numbers?: NumbersSpan;
}

/** Times of the first and of the last, in epoch milliseconds; of roll-ups where their intervals begin. */
export interface NumbersSpan {
  readonly from: number;
  readonly to: number;
}

export interface DeviceSeries {
  readonly deviceId: string;
  readonly key: string;
  /** Oldest first; an interval without a number has none. */
  readonly points: readonly SeriesPoint[];
}

export interface SeriesPoint {
  /** Where the interval begins. */
  readonly time: number;
  readonly count: number;
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly avg: number;
  /** The one with the newest time; of several, that which came last. */
  readonly last: number;
}

export interface ExportQuery {
  readonly deviceId?: string | undefined;
  readonly deviceType?: string | undefined;
  readonly eventType?: string | undefined;
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly format: ExportFormat;
}

/** The columns of an export in CSV, named after the fields of one in NDJSON; times are ISO 8601 there. */
export const exportColumns = [
  'deviceId',
  'messageId',
  'eventType',
  'time',
  'seq',
  'receivedAt',
  'processedAt',
  'driver',
  'driverVersion',
  'outcome',
  'data',
] as const;

export type ExportFormat = 'csv' | 'ndjson';

export interface ExportPosition {
  readonly deviceId: string;
  readonly time: number;
  readonly id: number;
}

export interface ExportSlice {
  /** Whole lines, each with its end. */
  readonly text: string;
  readonly next: ExportPosition | undefined;
}
