/** What is a queue's own: their keys begin with it, and they go with it. */
export const queueTables = [
  'messages',
  'message-states',
  'schedule',
  'last-values',
  'expiries',
  'deduplication',
  'deduplication-expiry',
  'groups',
  'group-states',
  'dead-letter-groups',
] as const;

/**
 * Every table of the environment, with its layout. Keys sort as bytes, so numbers in keys are big-endian.
 *
 *   meta              "format"                                          → u32 format version
 *
 *   queues            | queue u32 |                                     → JSON: name, options, createdAt, removing
 *   queue-counters    | queue u32 |                                     → numbers, see queues/embedded/counters.ts
 *   messages          | queue u32 | lane u8 | sequence u48 |            → header and message, see queues/embedded/record.ts
 *   message-states    | queue u32 | sequence u48 |                      → until when it waits, see queues/embedded/waiting.ts
 *   schedule          | queue u32 | availableAt u48 | sequence u48 |    → lane u8
 *   last-values       | queue u32 | digest of the key, 16 bytes |       → lane u8, sequence u48
 *   expiries          | queue u32 | expiresAt u48 | lane u8 | sequence u48 | → one zero byte
 *   deduplication     | queue u32 | digest of scope and id, 16 bytes |  → expiresAt u48
 *   deduplication-expiry  | queue u32 | expiresAt u48 | digest, 16 bytes |   → one zero byte
 *   groups            | queue u32 | group u32 |                         → position and ranges, see queues/embedded/log/group-row.ts;
 *                                                                       group 0: JSON, how far compaction has come
 *   group-states      | queue u32 | group u32 | sequence u48 |          → its failures in that group, see queues/embedded/waiting.ts
 *   dead-letter-groups  | queue u32 | digest, 16 bytes |                → dead letters of one cause, see
 *                                                                       queues/embedded/causes/cause-row.ts
 *   moves             | move u32 | part u8 |                            → JSON, see queues/embedded/move/move-row.ts
 *
 *   retained          | topic, see broker/retained-key.ts |             → place u64, record of the message
 *   sessions, session-positions, session-messages, session-received, session-bodies, session-body-counts
 *                     the broker's, see broker/session-table.ts
 *
 * A message has a row in `message-states` exactly when it has one in `schedule`: when it failed, or was to wait, and is
 * not gone. Sequences are a queue's own, over all of its lanes.
 */
export const tableNames = [
  'meta',
  'queues',
  'queue-counters',
  ...queueTables,
  'moves',
  'retained',
  'sessions',
  'session-positions',
  'session-messages',
  'session-received',
  'session-bodies',
  'session-body-counts',
] as const;

export type TableName = (typeof tableNames)[number];

/** Version of all the layouts together. A folder of another version is refused at open. */
export const formatVersion = 3;

/** Longest key that a table takes, from LMDB's page of 4 KiB: two keys and their node headers must fit in one. */
export const keyBytesMax = 1978;
