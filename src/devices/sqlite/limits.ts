const day = 24 * 60 * 60 * 1000;

/** Every bound of the SQLite store. */
export const sqliteLimits = {
  /**
   * Requests that may wait for one worker; beyond it a request is refused with `unavailable`. The pipeline has at most
   * a handful of batches out; the rest is registry look-ups, of which a storm of reconnecting devices makes two each.
   */
  requestsMax: 16_384,
  /** How long a message id is remembered: a copy that comes later counts as a new message. */
  inboxMs: 7 * day,
  /** How long the bytes of a message are kept. */
  rawMs: 7 * day,
  /** Between two looks for rows that are too old. History is kept for good. */
  sweepIntervalMs: 60_000,
  /** Rows that one step removes per table. A step holds the writer for some 20 ms at most. */
  sweepRowsMax: 2_000,
  /** Between two steps while more is due, so that messages go first. */
  sweepPauseMs: 50,
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
  /** Keys of the latest state per device and event type; a key beyond it stays in the history alone. */
  stateKeysMax: 5_000,
  /** Event types in the latest state of one device; one beyond it stays in the history alone. */
  stateEventTypesMax: 100,
  /** Devices that are remembered as told of, once the state of one has no room; then all may be told of again. */
  fullDevicesToldMax: 10_000,
};

export type SqliteLimits = typeof sqliteLimits;
