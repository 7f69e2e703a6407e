/**
 * What a holder by token shows to settle: the queue's number, the sequence, the attempt and 12 random bytes, in base64url.
 * It only means something to the engine that gave it out, and only until the lease ends.
 */
export function leaseToken(queue: number, sequence: number, attempt: number, random: () => number): string {
  const bytes = Buffer.allocUnsafe(26);
  bytes.writeUInt32BE(queue, 0);
  bytes.writeUIntBE(sequence, 4, 6);
  bytes.writeUInt32BE(attempt, 10);
  bytes.writeUIntBE(Math.floor(random() * 2 ** 48), 14, 6);
  bytes.writeUIntBE(Math.floor(random() * 2 ** 48), 20, 6);
  return bytes.toString('base64url');
}

/** The number in a token of this engine; anything else has some number, or none that there is. */
export function sourceOfToken(token: string): number {
  const bytes = Buffer.from(token.slice(0, 8), 'base64url');
  return bytes.length < 4 ? -1 : bytes.readUInt32BE(0);
}
