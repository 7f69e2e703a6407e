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

test('a clock that is set back by an hour keeps no silent client for that hour, and ends none that speaks', () => {
  const { clock, client } = watching();
  clock.advance(10_000);
  clock.setBack(3_600_000);
  clock.advance(3 * silenceMsMax - 10_000);
  assert.equal(client.isOver, true);
  const other = watching();
  other.clock.advance(10_000);
  other.client.lastReceivedAt = other.clock.now();
  other.clock.setBack(3_600_000);
  for (let spoken = 0; spoken < 8; spoken++) {
    other.clock.advance(silenceMsMax / 2 - 1);
    other.client.lastReceivedAt = other.clock.now();
  }
  assert.equal(other.client.isOver, false);
  other.clock.advance(silenceMsMax);
  assert.equal(other.client.isOver, true);
});
