/** A stored hash that was read: what the secret derives to, and how. */
export interface SlowHash {
  readonly expected: Buffer;
  derive(secret: string | Buffer): Promise<Buffer>;
}

/** Bounds what a hash from a configuration file can make the server spend at each login. */
export const hashMemoryBytesMax = 64 * 1024 * 1024;
