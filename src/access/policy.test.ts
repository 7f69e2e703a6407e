// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the placeholders of rules look like those of JavaScript

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filterMatches } from '../mqtt/topics/match.ts';
import type { Random } from '../std/testing/random.ts';
import { forSeeds } from '../std/testing/seed.ts';
import type { AccessRule, EverybodyRule, Identity } from './access.ts';
import { Authorizer } from './authorizer.ts';
import { Policy } from './policy.ts';

const values = { clientId: 'c1', username: 'ann', deviceId: undefined, deviceType: undefined };

function policy(...rules: AccessRule[]): Policy {
  return new Policy([rules], values);
}

function allow(action: AccessRule['action'], filter: string): AccessRule {
  return { effect: 'allow', action, filter };
}

function deny(action: AccessRule['action'], filter: string): AccessRule {
  return { effect: 'deny', action, filter };
}

function user(name: string, rules: readonly AccessRule[] = []): Identity {
  return { kind: 'user', name, rules, admin: false };
}

test('of the rules that match a topic the first decides, and where none does publishing is denied', () => {
  const own = policy(allow('publish', 'a/public'), deny('publish', 'a/#'), allow('all', '#'));
  assert.equal(own.mayPublish('a/public'), true);
  assert.equal(own.mayPublish('a/other'), false);
  assert.equal(own.mayPublish('a'), false);
  assert.equal(own.mayPublish('b'), true);
  assert.equal(policy(deny('publish', 'a')).mayPublish('b'), false);
});

test('a rule without an effect allows', () => {
  assert.equal(policy({ action: 'publish', filter: 'a' }).mayPublish('a'), true);
});

test('a rule for one action says nothing about the other', () => {
  const own = policy(deny('publish', 'a'), allow('all', 'a'));
  assert.equal(own.mayPublish('a'), false);
  assert.equal(own.maySubscribe('a'), true);
});

test('a filter may be read only where everything that it can match may', () => {
  const rules = [allow('subscribe', 'a/b'), deny('subscribe', 'a/+/secret'), allow('subscribe', 'a/#')];
  const own = policy(...rules);
  const asked: Record<string, boolean> = {
    'a/b': true,
    'a/x': true,
    'a/b/open': true,
    'a/b/open/#': true,
    'a/b/secret': false,
    'a/+/+': false,
    'a/#': false,
    'a/b/#': false,
    'a/+/open': true,
    '#': false,
    b: false,
  };
  for (const [filter, allowed] of Object.entries(asked)) assert.equal(own.maySubscribe(filter), allowed, filter);
});

test('a rule that denies behind the one that allows changes nothing', () => {
  const own = policy(allow('all', 'a/#'), deny('all', 'a/b'));
  assert.equal(own.maySubscribe('a/#'), true);
  assert.equal(own.mayPublish('a/b'), true);
});

test('topics of the server are read only where a rule names them', () => {
  const all = policy(allow('all', '#'), allow('all', '+/#'));
  for (const filter of ['$SYS/#', '$SYS/broker/uptime', '$events/#', '$queue/jobs']) {
    assert.equal(all.maySubscribe(filter), false, filter);
  }
  const named = policy(allow('subscribe', '$SYS/#'), allow('subscribe', '$events/devices/+/state'));
  assert.equal(named.maySubscribe('$SYS/#'), true);
  assert.equal(named.maySubscribe('$events/devices/d1/state'), true);
  assert.equal(named.maySubscribe('$events/#'), false);
});

test('what is remembered of decisions is bounded, and stays right', () => {
  const own = policy(deny('publish', 'no/#'), allow('publish', '#'));
  for (let round = 0; round < 2; round++) {
    for (let at = 0; at < 1_000; at++) {
      const long = 'x'.repeat(at * 60);
      assert.equal(own.mayPublish(`yes/${at}/${long}`), true);
      assert.equal(own.mayPublish(`no/${at}/${long}`), false);
    }
  }
});

test('what may be read is decided once for each topic or filter, however many messages of it wait', () => {
  let looks = 0;
  const rule = {
    action: 'subscribe',
    get filter() {
      looks++;
      return 'a/#';
    },
  } as const;
  const policy = new Policy([[rule]], values);
  policy.maySubscribe('a/1');
  const first = looks;
  for (let message = 0; message < 100; message++) assert.equal(policy.maySubscribe('a/1'), true);
  assert.equal(looks, first);
  assert.equal(policy.mayPublish('a/1'), false);
});

test("rules for everybody come before each one's own", () => {
  const authorizer = new Authorizer([deny('publish', 'locked/#'), allow('all', 'public/#')]);
  const ann = user('ann', [allow('all', 'locked/#'), deny('all', 'public/#')]);
  assert.equal(authorizer.mayPublish(ann, 'c', 'locked/x'), false);
  assert.equal(authorizer.maySubscribe(ann, 'c', 'locked/x'), true);
  assert.equal(authorizer.mayPublish(ann, 'c', 'public/x'), true);
});

test('a rule for everybody that names users, client ids or kinds is for those alone', () => {
  const rules: EverybodyRule[] = [
    { ...allow('all', 'u'), users: ['ann'] },
    { ...allow('all', 'c'), clientIds: ['c1', 'c2'] },
    { ...allow('all', 'd/${deviceType}'), kinds: ['device'] },
    { ...allow('all', 'n'), kinds: ['anonymous'] },
  ];
  const authorizer = new Authorizer(rules);
  const may = (identity: Identity, clientId: string) =>
    ['u', 'c', 'd/meter', 'n'].filter((topic) => authorizer.mayPublish(identity, clientId, topic));
  assert.deepEqual(may(user('ann'), 'x'), ['u']);
  assert.deepEqual(may(user('bob'), 'c2'), ['c']);
  assert.deepEqual(may({ kind: 'device', name: 'ann', deviceType: 'meter' }, 'x'), ['d/meter']);
  assert.deepEqual(may({ kind: 'device', name: 'd1', deviceType: 'valve' }, 'x'), []);
  assert.deepEqual(may({ kind: 'anonymous', name: 'anonymous' }, 'x'), ['n']);
});

const gateway: Identity = {
  kind: 'device',
  name: 'gw',
  deviceType: 'gateway',
  attributes: { site: 'north' },
  gatewayOf: new Map([
    ['d1', 'meter'],
    ['d2', 'valve'],
  ]),
};

test('a gateway may do for devices behind it what they may do, unless a rule for everybody denies it', () => {
  const authorizer = new Authorizer([{ effect: 'deny', action: 'all', filter: 'devices/d2/#' }]);
  const may = (topic: string): boolean => authorizer.mayPublish(gateway, 'c', topic);
  assert.deepEqual(['devices/d1', 'devices/d1/telemetry', 'devices/gw/x'].map(may), [true, true, true]);
  assert.deepEqual(
    ['devices/d2/x', 'devices/d3/x', 'devices/d11/x', 'devices/', 'x/d1'].map(may),
    new Array(5).fill(false),
  );
  const reads = (filter: string): boolean => authorizer.maySubscribe(gateway, 'c', filter);
  assert.deepEqual(['devices/d1/#', 'devices/d1/+/x'].map(reads), [true, true]);
  assert.deepEqual(['devices/+/x', 'devices/#', '#', 'devices/d2/#'].map(reads), new Array(4).fill(false));
});

test('what a rule denies a device it denies its gateway too', () => {
  const denied = (filter: string, topics: readonly string[]): boolean[] => {
    const authorizer = new Authorizer([deny('all', filter), allow('all', 'devices/#')]);
    return topics.map((topic) => !authorizer.mayPublish(gateway, 'c', topic));
  };
  const topics = ['devices/d1/locked', 'devices/d2/locked', 'devices/gw/locked', 'devices/d1/x'];
  assert.deepEqual(denied('devices/${deviceId}/locked', topics), [true, true, true, false]);
  assert.deepEqual(denied('devices/${username}/locked', topics), [true, true, true, false]);
  const types = ['devices/d1/valve', 'devices/d2/valve', 'devices/gw/gateway', 'devices/d2/gateway'];
  assert.deepEqual(denied('devices/${deviceId}/${deviceType}', types), [false, true, true, false]);
  const sites = ['devices/d1/sites/south', 'devices/d1/x', 'devices/gw/sites/south', 'devices/gw/sites/north'];
  assert.deepEqual(denied('devices/${deviceId}/sites/${attributes.site}', sites), [true, false, false, true]);
  const reads = new Authorizer([deny('subscribe', 'devices/${deviceId}/locked')]);
  assert.equal(reads.maySubscribe(gateway, 'c', 'devices/d1/#'), false);
  assert.equal(reads.maySubscribe(gateway, 'c', 'devices/d1/open/#'), true);
});

test('a device that is behind a gateway since a moment is asked about as it is', () => {
  const authorizer = new Authorizer([deny('publish', 'devices/${deviceId}/${deviceType}')]);
  const may = (topic: string) => authorizer.mayPublish(gateway, 'c', topic, { id: 'new', deviceType: 'valve' });
  assert.deepEqual(['devices/new/x', 'devices/new/valve', 'devices/other/x'].map(may), [true, false, false]);
});

test('what a rule allows a device it allows its gateway under the name of the device alone', () => {
  const authorizer = new Authorizer([
    allow('publish', 'sites/${deviceId}/x'),
    allow('publish', 'types/${deviceType}/x'),
  ]);
  const topics = ['sites/gw/x', 'sites/d1/x', 'types/gateway/x', 'types/meter/x'];
  assert.deepEqual(
    topics.map((topic) => authorizer.mayPublish(gateway, 'c', topic)),
    [true, false, true, false],
  );
});

test('who comes without credentials may do everything until there are rules for everybody', () => {
  const anonymous: Identity = { kind: 'anonymous', name: 'anonymous' };
  assert.equal(new Authorizer([]).mayPublish(anonymous, 'c', 'a'), true);
  const ruled = new Authorizer([allow('publish', 'public/${clientId}')]);
  assert.equal(ruled.mayPublish(anonymous, 'c', 'public/c'), true);
  assert.equal(ruled.mayPublish(anonymous, 'c', 'a'), false);
  assert.equal(ruled.isUnlimited(anonymous), false);
  assert.equal(ruled.isUnlimited({ kind: 'user', name: 'root', rules: [], admin: true }), true);
});

test('a client that picks a strange id does not escape a rule that denies', () => {
  const authorizer = new Authorizer([deny('all', 'inbox/${clientId}/private'), allow('all', 'inbox/#')]);
  assert.equal(authorizer.mayPublish(user('ann'), 'c1', 'inbox/c1/private'), false);
  assert.equal(authorizer.mayPublish(user('ann'), 'c1', 'inbox/c2/private'), true);
  for (const clientId of ['+', '#', 'a/b', '$x', '']) {
    assert.equal(authorizer.mayPublish(user('ann'), clientId, 'inbox/a/b/private'), false, clientId);
    assert.equal(authorizer.maySubscribe(user('ann'), clientId, 'inbox/#'), false, clientId);
  }
});

test('who may subscribe to a filter may read every topic that it matches, whatever the rules', () => {
  const names = ['a', 'b', '$a'];
  const topics = names.flatMap((first) => [
    first,
    ...names.flatMap((second) => [`${first}/${second}`, ...names.map((third) => `${first}/${second}/${third}`)]),
  ]);
  const filter = (random: Random): string => {
    const levels = Array.from({ length: random.between(1, 3) }, () => random.pick([...names, '+']));
    return (random.chance(30) ? [...levels, '#'] : levels).join('/');
  };
  let allowed = 0;
  forSeeds(2_000, (random) => {
    const rules = Array.from({ length: random.between(1, 5) }, () => {
      const effect = random.pick(['allow', 'allow', 'deny'] as const);
      return { effect, action: random.pick(['subscribe', 'all'] as const), filter: filter(random) };
    });
    const own = policy(...rules);
    const asked = filter(random);
    if (!own.maySubscribe(asked)) return;
    allowed++;
    for (const topic of topics) {
      if (!filterMatches(asked, topic) || own.maySubscribe(topic)) continue;
      assert.fail(`${asked} is allowed by ${JSON.stringify(rules)}, and ${topic} is not`);
    }
  });
  assert.ok(allowed > 50, `${allowed} were allowed`);
});
