import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filterCovers, filterMatches, filtersOverlap } from './match.ts';

const matching: readonly (readonly [clause: string, filter: string, topics: string[], others: string[]])[] = [
  ['4.7.1.2', 'sport/tennis/#', ['sport/tennis', 'sport/tennis/a', 'sport/tennis/a/b'], ['sport', 'sport/tennisx']],
  ['4.7.1.2', 'sport/#', ['sport', 'sport/'], ['sports', '/sport']],
  ['4.7.1.2', '#', ['a', '/', 'a/b/c', '/a'], ['$SYS', '$SYS/a']],
  ['4.7.1.3', 'sport/tennis/+', ['sport/tennis/a', 'sport/tennis/'], ['sport/tennis/a/b', 'sport/tennis']],
  ['4.7.1.3', 'sport/+', ['sport/', 'sport/a'], ['sport']],
  ['4.7.1.3', '+', ['finance', 'a'], ['/finance', 'a/b', '$SYS']],
  ['4.7.1.3', '+/+', ['/finance', 'a/b', '/'], ['a', 'a/b/c']],
  ['4.7.1.3', '/+', ['/finance', '/'], ['finance', 'a/b']],
  ['4.7.1.3', '+/tennis/#', ['a/tennis', 'a/tennis/b', '/tennis'], ['tennis', 'a/b/tennis', '$a/tennis']],
  ['MQTT-4.7.2-1', '+/monitor/Clients', ['a/monitor/Clients'], ['$SYS/monitor/Clients']],
  ['MQTT-4.7.2-1', '$SYS/#', ['$SYS', '$SYS/', '$SYS/a/b'], ['SYS', '$SYSX', 'a/$SYS']],
  ['MQTT-4.7.2-1', '$SYS/monitor/+', ['$SYS/monitor/Clients'], ['$SYS/monitor']],
  ['MQTT-4.7.2-1', 'a/+', ['a/$b'], ['$a/b']],
  ['MQTT-4.7.3-4', 'ACCOUNTS', ['ACCOUNTS'], ['Accounts', 'accounts', 'ACCOUNTS/', '/ACCOUNTS']],
  ['4.7.3', 'a//b', ['a//b'], ['a/b', 'a/x/b']],
  ['4.7.3', 'a/', ['a/'], ['a', 'a//']],
];

for (const [clause, filter, topics, others] of matching) {
  test(`"${filter}" matches what section ${clause} says`, () => {
    for (const topic of topics) assert.ok(filterMatches(filter, topic), `${filter} should match ${topic}`);
    for (const topic of others) assert.ok(!filterMatches(filter, topic), `${filter} should not match ${topic}`);
  });
}

const covering: readonly (readonly [outer: string, inner: string, covers: boolean])[] = [
  ['#', '$SYS/#', false],
  ['+/a', '$SYS/a', false],
  ['#', '+/a', true],
  ['+/#', '#', true],
  ['a/+/#', 'a/#', false],
  ['a/#', 'a', true],
  ['a/#', 'a/+/b/#', true],
  ['a/+', 'a/#', false],
  ['a/b', 'a/+', false],
  ['devices/7/#', 'devices/+/telemetry', false],
  ['devices/7/#', 'devices/77/telemetry', false],
  ['devices/7/#', 'devices/7', true],
];

for (const [outer, inner, covers] of covering) {
  test(`"${outer}" ${covers ? 'covers' : 'does not cover'} "${inner}"`, () => {
    assert.equal(filterCovers(outer, inner), covers);
  });
}

test('a filter covers another exactly when it matches every topic that the other matches', () => {
  // Every filter up to three levels against every topic up to four, over an alphabet with one name that no filter has.
  const filters = sequences(['a', 'b', '', '$a', '+'], 3).flatMap((levels) => [
    levels.join('/'),
    [...levels, '#'].join('/'),
  ]);
  // The empty topic does not exist, yet "/#" is taken to match it as its parent.
  const topics = sequences(['a', '', '$a', 'z'], 4).map((levels) => levels.join('/'));
  const matched = new Map([...filters, '#'].filter(Boolean).map((filter) => [filter, matchedBy(filter, topics)]));
  for (const [outer, outerTopics] of matched) {
    for (const [inner, innerTopics] of matched) {
      if (inner.includes('b')) continue; // no topic has a "b", so that only outer filters may
      const subset = innerTopics.every((topic, index) => !topic || outerTopics[index]);
      if (filterCovers(outer, inner) !== subset) assert.fail(`"${outer}" covers "${inner}" should be ${subset}`);
    }
  }
});

test('two filters overlap exactly when there is a topic that both match', () => {
  const filters = sequences(['a', 'b', '', '$a', '+'], 3).flatMap((levels) => [
    levels.join('/'),
    [...levels, '#'].join('/'),
  ]);
  const topics = sequences(['a', 'b', '', '$a'], 4).map((levels) => levels.join('/'));
  const matched = new Map([...filters, '#'].filter(Boolean).map((filter) => [filter, matchedBy(filter, topics)]));
  for (const [a, aTopics] of matched) {
    for (const [b, bTopics] of matched) {
      const both = aTopics.some((matches, index) => matches && bTopics[index]);
      if (filtersOverlap(a, b) !== both) assert.fail(`"${a}" overlaps "${b}" should be ${both}`);
    }
  }
});

function matchedBy(filter: string, topics: readonly string[]): boolean[] {
  return topics.map((topic) => filterMatches(filter, topic));
}

/** All sequences of one up to `length` symbols. */
function sequences(symbols: readonly string[], length: number): string[][] {
  const shorter = length === 1 ? [[]] : [[], ...sequences(symbols, length - 1)];
  return shorter.flatMap((front) => symbols.map((symbol) => [...front, symbol]));
}
