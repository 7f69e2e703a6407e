/** What lies in the data folder, beside the write-ahead log of SQLite and what only says that somebody has it open. */
export const dataFiles = {
  /** The folder of the LMDB environment: queues, sessions, retained messages. */
  queues: 'queues',
  /** Devices, their state and history. */
  devices: 'devices.sqlite',
  /** What the salts of unknown users follow from. */
  accessKey: 'access.key',
} as const;

/** The file of the environment, in its folder. */
export const environmentFile = 'data.mdb';
