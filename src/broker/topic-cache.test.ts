import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forSeeds } from '../std/testing/seed.ts';
import { recentNamesMax } from './recent-names.ts';
import type { Route, Router } from './router.ts';
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

function resolve(cache: TopicCache, topic: string) {
  const packet = Buffer.from(`..${topic}..`);
  return cache.resolve(packet, 2, packet.length - 2);
}

/** Routes are made anew each time; `asked` has every topic that rights were asked for. */
function world() {
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
  return { asked, router, cache: new TopicCache(router as Pick<Router, 'route' | 'version'> as Router, rights, 200) };
}
