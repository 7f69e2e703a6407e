import type { Socket } from 'node:net';
import type { Clock } from '../std/clock.ts';

/** How long a peer may take to take in the last bytes and close; then it is cut off. */
export const lingerMs = 5_000;

/** Sends what is written, then closes. What still comes is thrown away: unread bytes would reset the connection under the answer. */
export function endWithin(socket: Socket, clock: Clock): void {
  const cutOff = clock.after(lingerMs, () => socket.destroy());
  socket.once('close', () => cutOff.cancel());
  socket.resume();
  socket.end();
}
