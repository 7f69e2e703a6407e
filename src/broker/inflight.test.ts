import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Random } from '../std/testing/random.ts';
import { forSeeds } from '../std/testing/seed.ts';
import { Inflight } from './inflight.ts';
import { Outgoing } from './outgoing.ts';
import { Publication } from './publication.ts';
import { packetIdOf } from './session.ts';

const publication = new Publication('t', Buffer.from('x'), 1, false, undefined, 0, 'p');

function outgoing(sequence: number): Outgoing {
  const made = new Outgoing(publication, 1, false, undefined, undefined);
  made.sequence = sequence;
  made.packetId = packetIdOf(sequence);
  return made;
}

test('messages are found by packet id, whatever order they are acknowledged in', () =>
  forSeeds(5, acknowledgedInAnyOrder));

function acknowledgedInAnyOrder(random: Random): void {
  const inflight = new Inflight();
  const model = new Map<number, Outgoing>();
  let sequence = 60_000;
  for (let step = 0; step < 5_000; step++) {
    if (model.size === 0 || (model.size < 500 && random.chance(50))) {
      while (model.has(packetIdOf(++sequence)));
      const message = outgoing(sequence);
      inflight.add(message);
      model.set(message.packetId, message);
    } else {
      // Mostly the oldest; some stay until others have gone around.
      const ids = [...model.keys()];
      const id = random.chance(90) ? ids[Math.min(3, ids.length - 1)] : random.pick(ids);
      inflight.remove(model.get(id) as Outgoing);
      model.delete(id);
      assert.equal(inflight.get(id), undefined);
    }
    assert.equal(inflight.size, model.size);
    assert.equal(inflight.bytes, model.size * publication.size);
  }
  for (const [id, message] of model) assert.equal(inflight.get(id), message);
  assert.deepEqual(
    inflight.all().map((message) => message.sequence),
    [...model.values()].map((message) => message.sequence),
  );
}

test('a message that is never acknowledged keeps none of the others out when packet ids begin again', () => {
  const inflight = new Inflight();
  const first = outgoing(1);
  inflight.add(first);
  for (let sequence = 2; sequence < 200_000; sequence++) {
    if (inflight.has(packetIdOf(sequence))) continue;
    const message = outgoing(sequence);
    inflight.add(message);
    assert.equal(inflight.get(message.packetId), message);
    inflight.remove(message);
  }
  assert.equal(inflight.get(first.packetId), first);
  assert.equal(inflight.size, 1);
});

test('what is not there is not removed', () => {
  const inflight = new Inflight();
  inflight.add(outgoing(5));
  inflight.remove(outgoing(6));
  inflight.remove(outgoing(5));
  assert.equal(inflight.size, 1);
  inflight.clear();
  assert.equal(inflight.size, 0);
  assert.equal(inflight.bytes, 0);
});
