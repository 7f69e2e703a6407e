import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forSeeds } from '../std/testing/seed.ts';
import { NamePlaces, recentNamesMax } from './recent-names.ts';
import type { Route, Router } from './router.ts';
import { BrokerFixture } from './testing/broker-fixture.ts';
import { TopicCache } from './topic-cache.ts';

test('a connection that goes round some topics is asked for its rights to each of them once', () => {
  const { cache, asked } = world();
  const topics = Array.from({ length: recentNamesMax }, (_, i) => `site/${i}/temperature`);
  for (let round = 0; round < 3; round++) for (const topic of topics) assert.equal(resolve(cache, topic).topic, topic);
  assert.deepEqual(asked, topics);
});

test('whatever a connection publishes to, it gets the topic of these very bytes', () => {
  forSeeds(20, (random) => {
    const { cache } = world();
    const topics = [
      'a',
      'b',
      'ab',
      'ba',
      'aé',
      'é',
      '温度',
      'x'.repeat(255),
      'x'.repeat(256),
      'x'.repeat(257),
      'y'.repeat(300),
    ];
    for (let i = 0; i < 60; i++) topics.push(`t/${random.below(200)}`);
    for (let i = 0; i < 500; i++) {
      const topic = random.pick(topics);
      const known = resolve(cache, topic);
      assert.deepEqual([known.topic, known.route.topic], [topic, topic]);
    }
  });
});

test('a route that changed is found again, also for a topic that was not the last', () => {
  const { cache, router } = world();
  const before = resolve(cache, 'a').route;
  resolve(cache, 'b');
  router.version++;
  assert.notEqual(resolve(cache, 'a').route, before);
  assert.equal(resolve(cache, 'a').route.version, router.version);
});

test('a long name is kept as the last one alone', () => {
  const { cache, asked } = world();
  const long = 'x'.repeat(1_000);
  for (const topic of ['a', long, long, 'a', long]) resolve(cache, topic);
  assert.deepEqual(asked, ['a', long, long]);
});

test('a route to many is kept for the last topic alone, and found again', () => {
  const { cache, router, asked } = world();
  router.recipients = 17;
  const first = resolve(cache, 'a');
  assert.equal(first.route.recipients.length, 17);
  resolve(cache, 'b');
  assert.equal(first.route.recipients.length, 0);
  assert.equal(resolve(cache, 'a').route.recipients.length, 17);
  assert.deepEqual(asked, ['a', 'b']);
});

test('connections together remember no more names than there are places for, and one that ends gives back its own', () => {
  const places = new NamePlaces(3);
  const [first, second] = [world(places), world(places)];
  for (const topic of ['a', 'b', 'c', 'a', 'b', 'c']) resolve(first.cache, topic);
  for (const topic of ['d', 'e', 'd']) resolve(second.cache, topic);
  assert.deepEqual([first.asked, second.asked, places.free], [['a', 'b', 'c'], ['d', 'e', 'd'], 0]);
  first.cache.end();
  for (const topic of ['e', 'd', 'e']) resolve(second.cache, topic);
  for (const topic of ['x', 'y', 'x']) resolve(first.cache, topic);
  assert.deepEqual([second.asked.slice(3), places.free], [['e'], 1]);
  second.cache.end();
  assert.equal(places.free, 3);
});

test('a name that takes the place of another takes no other place', () => {
  const places = new NamePlaces();
  const { cache } = world(places);
  const before = places.free;
  for (let i = 0; i < 3 * recentNamesMax; i++) resolve(cache, `site/${i}`);
  assert.equal(before - places.free, recentNamesMax);
});

test('a client that goes leaves its places to others', async () => {
  const namePlaces = new NamePlaces(10);
  const client = await new BrokerFixture({ namePlaces }).connect('a');
  for (const topic of ['a', 'b', 'c']) client.publish(topic, '');
  assert.equal(namePlaces.free, 7);
  client.cut();
  assert.equal(namePlaces.free, 10);
});

function resolve(cache: TopicCache, topic: string) {
  const packet = Buffer.from(`..${topic}..`);
  return cache.resolve(packet, 2, packet.length - 2);
}

/** Routes are made anew each time; `asked` has every topic that rights were asked for. */
function world(places = new NamePlaces()) {
  const asked: string[] = [];
  const router = {
    version: 1,
    recipients: 0,
    route(topic: string): Route {
      const recipients = new Array(this.recipients).fill(undefined);
      return { topic, version: this.version, recipients, groups: [], destinations: [] };
    },
  };
  const rights = {
    ownTopic: (topic: string) => topic,
    mayPublish: (topic: string) => asked.push(topic) > 0,
  };
  const cache = new TopicCache(router as Pick<Router, 'route' | 'version'> as Router, rights, 200, places);
  return { asked, router, cache };
}
