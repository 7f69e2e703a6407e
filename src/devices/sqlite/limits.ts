const day = 24 * 60 * 60 * 1000;

/** Every bound of the SQLite store. */
export const sqliteLimits = {
  /**
   * Requests that may wait for one worker; beyond it a request is refused with `unavailable`. The pipeline has at most
   * a handful of batches out; the rest is registry look-ups, of which a storm of reconnecting devices makes two each.
   */
  requestsMax: 16_384,
  /** How long a message id is remembered where its device type does not say it: a copy that comes later counts as a new message. */
  inboxMs: 7 * day,
  /** The same of the bytes of a message. */
  rawMs: 7 * day,
  /** Ages shorter than the longest that device types keep such rows for; types beyond, the longer ones, are swept with the longest. */
  retentionAgesMax: 32,
  /** Between two looks for rows that are too old. */
  sweepIntervalMs: 60_000,
  /** Rows that one step removes per table, */
  sweepRowsMax: 2_000,
  /**
   * and how few it does not go below, since a commit costs the same for few. In between they are as many as the writer can be
   * held for.
   */
  sweepRowsMin: 500,
  /** How long a step may hold the writer. */
  sweepStepMs: 50,
  /**
   * The share of the writer's time that is the sweep's while more is due, however many messages wait: rows go no slower than
   * they come for ever. A step that others kept waiting holds the writer for that share of its wait,
   */
  sweepShareMin: 0.25,
  /** and no longer than this. */
  sweepStepMsMax: 250,
  /** Between two steps while more is due, so that messages go first. */
  sweepPauseMs: 50,
  /** How long a step of a sweep or of the roll-ups waits where senders wait for their answers: longer than a burst takes, and not for ever where messages always come. */
  stepHoldMsMax: 100,
  /** Between two passes over the devices whose type keeps history or roll-ups for a while only. */
  typeSweepIntervalMs: 60 * 60_000,
  /** Devices that one step of such a pass looks at. */
  retentionDevicesMax: 500,
  /** Series of one device whose roll-ups one step looks at. */
  retentionSeriesMax: 500,
  /** Ids of history rows that are taken from the file at once; a restart leaves a gap of as many at most. */
  historyIdsReserved: 10_000,
  /** Versions of state keys that the writer keeps in memory, some 200 bytes each. */
  stateKeysCachedMax: 200_000,
  /** Rows that one answer of history or of the device list holds; a page asked for above it is cut to it. */
  pageRowsMax: 10_000,
  /** Text of data that one page of history holds, in characters; a page above it ends early, with at least one row. */
  pageTextMax: 4 * 1024 * 1024,
  /** Rows of raw bytes that one look for those of a device type passes; the next look goes on behind them. */
  rawRowsScannedMax: 20_000,
  /** Text that the latest state of one device may have as an answer, in characters; beyond it `quota_exceeded`. */
  stateTextMax: 16 * 1024 * 1024,
  /** Rows of history and roll-ups that one answer of a series reads, some two seconds' worth; beyond it `quota_exceeded`. */
  seriesRowsMax: 500_000,
  /** Rows from either end of a device's history that are looked at for when its numbers begin and end, where a page of a series has none. */
  seriesExtentRowsMax: 1_000,
  /** Points of one answer of a series, all devices and keys together; its page is cut to fewer intervals. */
  seriesPointsMax: 100_000,
  /** Devices and rows at which one slice of a series over all devices of a type ends; others have their turn between two. */
  seriesSliceDevicesMax: 1_000,
  seriesSliceRowsMax: 50_000,
  /** Rows that a series over all devices of a type reads in all, some forty seconds' worth; beyond it `quota_exceeded`. */
  typeSeriesRowsMax: 10_000_000,
  /** Rows that are exported at once; the text of a slice ends at `pageTextMax` too. */
  exportRowsMax: 1_000,
  /** Devices that one slice of an export looks at. */
  exportDevicesMax: 1_000,
  /** Rows of history that one step of the roll-ups reads. */
  rollupRowsMax: 1_000,
  /** Rows of history that are added up in memory before what they come to is written, */
  rollupGatheredMax: 20_000,
  /** or what makes so many rows of roll-ups of one interval; it ends with the row of history that goes beyond. */
  rollupBucketsMax: 4_000,
  /** Rows of roll-ups that one step writes, of all intervals; of more, one interval a step. Rows of more series than `rollupBucketsMax` are added up until they make so many. */
  rollupWrittenMax: 2_000,
  /** Characters that the names of what is added up may have in memory, of keys above all. */
  rollupTextMax: 16 * 1024 * 1024,
  /** Keys of one reading that are rolled up; those beyond it are answered from the history alone, where a series asks for an interval that is no multiple of a roll-up. */
  rollupKeysMax: 1_000,
  /** The longest interval of roll-ups. */
  rollupWidthMsMax: day,
  /** Intervals that one step makes again after a correction, */
  rollupRepairsMax: 10,
  /** and rows of history that it reads for them. */
  rollupRepairRowsMax: 5_000,
  /** Keys of an interval that are made again at once. One with more of them, or of rows, takes several steps. */
  rollupRepairKeysMax: 2_000,
  /** Between two steps of the roll-ups while more is due, so that messages go first. */
  rollupPauseMs: 200,
  /** Between two looks for what is to be rolled up: what a device says in between is written once. */
  rollupIntervalMs: 15_000,
  /** Keys of the latest state per device and event type; a key beyond it stays in the history alone. */
  stateKeysMax: 5_000,
  /** Event types in the latest state of one device; one beyond it stays in the history alone. */
  stateEventTypesMax: 100,
  /** Devices that are remembered as told of, once the state of one has no room; then all may be told of again. */
  fullDevicesToldMax: 10_000,
};

export type SqliteLimits = typeof sqliteLimits;
