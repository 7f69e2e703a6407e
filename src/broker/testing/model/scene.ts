import assert from 'node:assert/strict';
import type { Random } from '../../../std/testing/random.ts';
import type { MemoryClient } from '../memory-client.ts';
import { DiskWorld } from './disk-world.ts';
import { ModelClient } from './model-client.ts';
import { ReferenceBroker } from './reference-broker.ts';
import type { ReferenceLink, ReferenceSession } from './reference-session.ts';

const clientIds = ['ann', 'bob', 'cy', 'dee'];
export const topics = ['a', 'a/b', 'a/b/c', '/', 'w', '$own'];

/** The broker on its disk, the reference, and the clients of both. What clients do stands in the files `act-*.ts`. */
export class Scene {
  readonly random: Random;
  readonly world = new DiskWorld();
  readonly reference = new ReferenceBroker(this.world.clock.now());
  readonly clients = clientIds.map((clientId) => new ModelClient(clientId));
  /** Connections that have ended: nothing may come on them any more. */
  readonly dead: MemoryClient[] = [];
  /** What happened, a line each. */
  readonly trace: string[] = [];
  #number = 0;

  constructor(random: Random) {
    this.random = random;
  }

  /** Makes each payload another one. */
  nextNumber(): number {
    return ++this.#number;
  }

  /** What the reference has of a client that is connected. */
  of(client: ModelClient): { link: ReferenceLink; session: ReferenceSession } {
    const session = this.reference.sessions.get(client.clientId);
    const link = session?.link;
    assert.ok(session !== undefined && link !== undefined && link === client.link, `${client.clientId} is connected`);
    return { link, session };
  }

  async check(): Promise<void> {
    await this.world.settled();
    for (const client of this.clients) {
      client.check(this.reference.sessions.get(client.clientId), this.reference.now);
      if (client.link?.hasEnded) this.gone(client);
    }
    for (const memory of this.dead) assert.deepEqual(memory.takeAll(), [], 'something came on a dead connection');
  }

  /** Time passes, up to each thing that happens by itself. */
  async advance(ms: number): Promise<void> {
    const { reference } = this;
    const until = reference.now + ms;
    while (reference.nextEventAt <= until) {
      this.tell('something falls due', `${until - reference.nextEventAt} ms before the end of ${ms} ms`);
      this.#moveTo(reference.nextEventAt);
      reference.runEvents();
      await this.check();
    }
    this.#moveTo(until);
  }

  /** The socket breaks. */
  cut(client: ModelClient): void {
    const { session } = this.of(client);
    this.tell(client.clientId, 'loses its connection');
    client.memory?.cut();
    this.reference.leave(session, true);
    this.gone(client);
  }

  /** The client has no connection any more. */
  gone(client: ModelClient): void {
    if (client.memory !== undefined) this.dead.push(client.memory);
    client.closed();
  }

  tell(who: string, ...what: unknown[]): void {
    const words = what.map((part) => (typeof part === 'string' ? part : JSON.stringify(part)));
    this.trace.push(`${this.reference.now % 10_000_000}: ${who} ${words.join(' ')}`);
  }

  #moveTo(time: number): void {
    this.world.clock.advance(time - this.reference.now);
    this.reference.now = time;
  }
}
