import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from '../std/clock.ts';
import { KeepAlive, pausedMsMin } from './keep-alive.ts';

const silenceMsMax = 45_000;

/** A clock of a machine that can be paused: its timers run when it goes on. */
class PausableClock extends SimulatedClock {
  #pausedMs = 0;

  override now(): number {
    return super.now() + this.#pausedMs;
  }

  pause(ms: number): void {
    this.#pausedMs += ms;
  }
}

function watching() {
  const clock = new PausableClock();
  const keepAlive = new KeepAlive(clock);
  const client = {
    lastReceivedAt: clock.now(),
    silenceMsMax,
    isUnread: false,
    isOver: false,
    deadline: 0,
    heapIndex: -1,
    timedOut(): void {
      client.isOver = true;
    },
  };
  keepAlive.watch(client);
  return { clock, client };
}

test('a client that says nothing for one and a half times its keep-alive is over, and not before', () => {
  const { clock, client } = watching();
  clock.advance(silenceMsMax - 1);
  client.lastReceivedAt = clock.now();
  clock.advance(silenceMsMax - 1);
  assert.equal(client.isOver, false);
  clock.advance(1);
  assert.equal(client.isOver, true);
});

test('a server that stood still takes nobody for silent before it has listened again for a while', () => {
  const { clock, client } = watching();
  clock.pause(silenceMsMax + pausedMsMin);
  clock.advance(silenceMsMax);
  assert.equal(client.isOver, false);
  clock.advance(silenceMsMax / 2 - 1);
  assert.equal(client.isOver, false);
  clock.advance(1);
  assert.equal(client.isOver, true);
});
