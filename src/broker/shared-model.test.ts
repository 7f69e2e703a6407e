import { test } from 'node:test';
import { forSeedsInTurn } from '../std/testing/seed.ts';
import { BrokerFixture } from './testing/broker-fixture.ts';
import { answered } from './testing/memory-client.ts';
import { SessionDisk } from './testing/session-disk.ts';
import { SharedWorld } from './testing/shared-world.ts';

const roomy = {
  sessionMessagesMax: 100_000,
  receiveMaximum: 60_000,
  sessionsMax: 10_000,
  sessionExpirySecondsMax: 0xffff_ffff,
};

test('workers join, leave, stall and die: every message that their group was given is acknowledged once', async () => {
  await forSeedsInTurn(40, async (random) => {
    const sharedDispatch = random.pick(['least_inflight', 'round_robin', 'random', 'sticky'] as const);
    const fixture = new BrokerFixture({
      limits: roomy,
      options: { sharedDispatch },
      random: () => random.below(1_000) / 1_000,
    });
    const world = await SharedWorld.create(fixture, random, 'world', answered);
    await world.run(300);
  });
});

test('the same with sessions on disk, whatever was flushed when', async (t) => {
  const disk = new SessionDisk(t, roomy);
  let worlds = 0;
  await forSeedsInTurn(3, async (random) => {
    const world = await SharedWorld.create(disk.fixture, random, `world${worlds++}`, () => disk.flushed());
    await world.run(200);
  });
});
