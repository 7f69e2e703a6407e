import { test } from 'node:test';
import { forSeedsInTurn } from '../std/testing/seed.ts';
import { OneQueue } from './testing/one-queue.ts';
import { OwedWorld } from './testing/owed-world.ts';
import { SessionDisk } from './testing/session-disk.ts';

const roomy = { sessionMessagesMax: 5_000, sessionBytesMax: 100_000_000, receiveMaximum: 1_000 };

test('what sessions owe on disk is what their counts say, whatever was flushed when', async (t) => {
  await forSeedsInTurn(4, async (random) => {
    const queue = new OneQueue();
    await new OwedWorld(new SessionDisk(t, roomy, { sources: [queue] }), queue, random).run(120);
  });
});
