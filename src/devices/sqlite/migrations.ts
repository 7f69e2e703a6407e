/**
 * The tables, as a list of steps: `user_version` of the file says how many were taken. Steps are appended, never changed.
 *
 * The file is for reading with any SQLite tool while Sluice runs. All times are milliseconds since the Unix epoch; columns
 * named after JSON hold JSON text. Some queries to begin with:
 *
 *   SELECT key, value, datetime(time / 1000, 'unixepoch') FROM state WHERE device_id = 'meter-7';
 *   SELECT time, data ->> 'temperature' FROM history WHERE device_id = 'meter-7' ORDER BY time DESC LIMIT 20;
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE device_types (
    name TEXT PRIMARY KEY,
    mode TEXT NOT NULL,                -- 'inline' or 'queued'
    schema_policy TEXT NOT NULL,       -- 'enforce', 'warn' or 'off'
    schemas TEXT NOT NULL,             -- JSON object: JSON Schema by event type
    f_port INTEGER,
    future_time_ms_max INTEGER NOT NULL
  ) STRICT;

  CREATE TABLE devices (
    id TEXT PRIMARY KEY,
    type TEXT NOT NULL REFERENCES device_types (name),
    firmware_version TEXT,
    attributes TEXT NOT NULL,          -- JSON object of strings
    retired INTEGER NOT NULL,          -- 0 or 1
    created_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX devices_type ON devices (type, id);

  CREATE TABLE credentials (
    device_id TEXT PRIMARY KEY REFERENCES devices (id) ON DELETE CASCADE,
    hash TEXT NOT NULL
  ) STRICT;

  CREATE TABLE drivers (
    id TEXT NOT NULL,
    version TEXT NOT NULL,
    device_type TEXT NOT NULL,
    firmware TEXT NOT NULL,            -- semver range
    script TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (id, version)
  ) STRICT;

  -- Message ids that were stored, so that a second copy changes nothing. history rows of a message are
  -- first_id … first_id + readings - 1; its raw row has the id first_id. The message id comes first in the key, because
  -- ids that grow with time (ours do) are then written side by side, whichever devices they are from.
  CREATE TABLE inbox (
    device_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    processed_at INTEGER NOT NULL,
    first_id INTEGER NOT NULL,
    readings INTEGER NOT NULL,
    PRIMARY KEY (message_id, device_id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX inbox_age ON inbox (processed_at);

  -- The newest value of each key.
  CREATE TABLE state (
    device_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,               -- JSON
    time INTEGER NOT NULL,
    seq INTEGER,
    received_at INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    PRIMARY KEY (device_id, event_type, key)
  ) STRICT, WITHOUT ROWID;

  -- Every reading, in the order of arrival.
  CREATE TABLE history (
    id INTEGER PRIMARY KEY,
    device_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    time INTEGER NOT NULL,             -- it happened
    seq INTEGER,
    received_at INTEGER NOT NULL,      -- it came in
    processed_at INTEGER NOT NULL,     -- it was decoded
    driver TEXT NOT NULL,
    driver_version TEXT NOT NULL,
    outcome TEXT NOT NULL,             -- 'applied' or 'stale'
    data TEXT NOT NULL                 -- JSON object
  ) STRICT;
  CREATE INDEX history_device_time ON history (device_id, time);

  -- The bytes as they came, kept for a while so that a mended driver can decode them again.
  CREATE TABLE raw (
    id INTEGER PRIMARY KEY,
    device_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    processed_at INTEGER NOT NULL,
    topic TEXT NOT NULL,
    f_port INTEGER,
    driver TEXT NOT NULL,
    driver_version TEXT NOT NULL,
    payload BLOB NOT NULL
  ) STRICT;
  `,
  `
  -- JSON object: time policy, rates, limits, and what holds for some event types instead.
  ALTER TABLE device_types ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';
  `,
  `
  -- Every version of a schema that a device type has or had; the current ones stand in device_types.schemas.
  CREATE TABLE event_schemas (
    device_type TEXT NOT NULL REFERENCES device_types (name) DEFERRABLE INITIALLY DEFERRED,
    event_type TEXT NOT NULL,
    version INTEGER NOT NULL,
    schema TEXT NOT NULL,              -- JSON Schema
    created_at INTEGER NOT NULL,
    PRIMARY KEY (device_type, event_type, version)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- What the numbers of a key come to, by interval. Rows of history up to rollup_progress.history_id are in it.
  CREATE TABLE rollups (
    device_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    key TEXT NOT NULL,
    width_ms INTEGER NOT NULL,
    start INTEGER NOT NULL,            -- a multiple of width_ms
    count INTEGER NOT NULL,
    min REAL NOT NULL,
    max REAL NOT NULL,
    sum REAL,
    last REAL NOT NULL,
    last_time INTEGER NOT NULL,
    PRIMARY KEY (device_id, event_type, key, width_ms, start)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE rollup_progress (
    width_ms INTEGER PRIMARY KEY,
    history_id INTEGER NOT NULL
  ) STRICT;
  `,
  `
  -- Roll-ups whose history was changed; they are made again from it.
  CREATE TABLE rollup_repairs (
    device_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    width_ms INTEGER NOT NULL,
    start INTEGER NOT NULL,
    PRIMARY KEY (device_id, event_type, width_ms, start)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  -- The device that may act for it. Both ways it is found by devices_gateway.
  ALTER TABLE devices ADD COLUMN gateway TEXT REFERENCES devices (id) ON DELETE SET NULL;
  CREATE INDEX devices_gateway ON devices (gateway, id);
  ALTER TABLE devices ADD COLUMN retired_at INTEGER;

  -- What devices log in with, several each.
  CREATE TABLE device_credentials (
    id TEXT PRIMARY KEY,
    device_id TEXT NOT NULL REFERENCES devices (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,                -- 'password', 'token', 'key' or 'certificate'
    verifier TEXT NOT NULL,            -- slow hash; SHA-256 in hexadecimal; public key in PEM; SHA-256 in hexadecimal
    name TEXT,
    expires_at INTEGER,
    created_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX device_credentials_device ON device_credentials (device_id);
  CREATE UNIQUE INDEX device_credentials_verifier ON device_credentials (verifier) WHERE kind IN ('token', 'certificate');
  INSERT INTO device_credentials
    SELECT 'password-' || device_id, device_id, 'password', hash, NULL, NULL, 0 FROM credentials;
  DROP TABLE credentials;

  -- What lets devices register themselves.
  CREATE TABLE claim_keys (
    id TEXT PRIMARY KEY,
    digest TEXT NOT NULL UNIQUE,       -- SHA-256 in hexadecimal
    device_type TEXT NOT NULL REFERENCES device_types (name) ON DELETE CASCADE,
    id_prefix TEXT NOT NULL,
    gateway TEXT REFERENCES devices (id) ON DELETE SET NULL,
    attributes TEXT NOT NULL,          -- JSON object of strings
    uses_left INTEGER NOT NULL,
    expires_at INTEGER,
    created_at INTEGER NOT NULL
  ) STRICT;
  `,
  `
  -- JSON object: how far this driver version has come, as in GET /v1/drivers; null: active.
  ALTER TABLE drivers ADD COLUMN rollout TEXT;
  `,
  `
  -- What is needed beside the bytes to decode them again; received_at is NULL in rows of before.
  ALTER TABLE raw ADD COLUMN received_at INTEGER;
  ALTER TABLE raw ADD COLUMN said TEXT; -- JSON object of what the message said: contentType, firmwareVersion, time, seq
  `,
  `
  -- JSON array of texts: what the driver and the schema warned of, at the first row of the message; null: nothing.
  ALTER TABLE history ADD COLUMN warnings TEXT;
  `,
  `
  -- Rows of history from here on have numbers from next on: they go up also where the newest rows were removed.
  CREATE TABLE history_ids (
    next INTEGER NOT NULL
  ) STRICT;
  INSERT INTO history_ids SELECT 1 + max(
    coalesce((SELECT max(id) FROM history), 0),
    coalesce((SELECT max(id) FROM raw), 0),
    coalesce((SELECT max(first_id + readings) FROM inbox), 0),
    coalesce((SELECT max(history_id) FROM rollup_progress), 0));
  -- The first row of history that can be of this device: what lies before it is of another one that had its id.
  ALTER TABLE devices ADD COLUMN since_id INTEGER NOT NULL DEFAULT 0;
  `,
  `
  -- History of the device that happened before it is not whole; null: all that came is there.
  ALTER TABLE devices ADD COLUMN history_from INTEGER;
  UPDATE devices SET history_from = (
    SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER) - (settings ->> '$.retention.historyMs')
    FROM device_types WHERE name = devices.type);
  `,
  `
  -- Grows each time that the history of the interval is changed once more.
  ALTER TABLE rollup_repairs ADD COLUMN marks INTEGER NOT NULL DEFAULT 0;
  `,
  `
  -- Whether a device is connected over MQTT; no row: it never was. After a crash all are offline before any can connect.
  CREATE TABLE presence (
    device_id TEXT PRIMARY KEY REFERENCES devices (id) ON DELETE CASCADE,
    online INTEGER NOT NULL,           -- 0 or 1
    connected_at INTEGER,              -- for the last time
    disconnected_at INTEGER            -- for the last time
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX presence_online ON presence (device_id) WHERE online = 1;
  `,
];
