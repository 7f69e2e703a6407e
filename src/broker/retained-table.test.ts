import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { PacketType } from '../mqtt/codec/packets.ts';
import { filterMatches } from '../mqtt/topics/match.ts';
import { silentLog } from '../std/log.ts';
import type { Random } from '../std/testing/random.ts';
import { forSeedsInTurn } from '../std/testing/seed.ts';
import { Environment } from '../storage/environment.ts';
import { GroupCommit } from '../storage/group-commit.ts';
import { Publication } from './publication.ts';
import { RetainedTable } from './retained-table.ts';
import { BrokerFixture } from './testing/broker-fixture.ts';

test('a message can be read before it is flushed, after it, and after a restart, which reads nothing', async (t) => {
  const folder = folderOf(t);
  const before = openTable(folder);
  before.table.put(message('a/b', 'one'), 1);
  assert.deepEqual(payloads(before.table, 'a/b'), ['one']);
  before.table.put(message('a/b', 'two'), 1);
  assert.equal(before.table.size, 1);
  await before.commit.flushed();
  assert.deepEqual(payloads(before.table, 'a/#'), ['two']);
  await before.environment.close();
  const after = openTable(folder);
  assert.equal(after.table.size, 1);
  assert.deepEqual(payloads(after.table, 'a/b'), ['two']);
  await after.environment.close();
});

test('what is staged hides what is on disk: a scan sees the newest, and nothing of a topic that was cleared', async (t) => {
  const { table, commit, environment } = openTable(folderOf(t));
  for (const topic of ['a', 'b', 'c']) table.put(message(topic, 'old'), 1);
  await commit.flushed();
  table.put(message('a', 'new'), 1);
  assert.equal(table.remove('b'), true);
  assert.equal(table.remove('b'), false);
  assert.equal(table.size, 2);
  assert.deepEqual(payloads(table, '+'), ['new', 'old']);
  await commit.flushed();
  assert.deepEqual(payloads(table, '+'), ['new', 'old']);
  await environment.close();
});

test('a change while the one before is being flushed is not taken for flushed with it', async (t) => {
  const { table, commit, environment } = openTable(folderOf(t));
  table.put(message('t', 'one'), 1);
  const first = commit.flushed();
  await new Promise((resolve) => setImmediate(resolve));
  table.put(message('t', 'two'), 1);
  await first;
  assert.deepEqual(payloads(table, 't'), ['two']);
  await commit.flushed();
  assert.deepEqual(payloads(table, 't'), ['two']);
  await environment.close();
});

test('a longer message of a topic counts against what storage may hold, a shorter one is written in place of it', async (t) => {
  const { table, commit, environment } = openTable(folderOf(t));
  table.put(message('t', 'x'), 1);
  table.put(message('t', 'x'.repeat(10_000)), 2);
  assert.ok(commit.unflushedBytes > 10_000);
  const { unflushedMessages } = commit;
  table.put(message('t', 'last'), 3);
  assert.equal(commit.unflushedMessages, unflushedMessages);
  await commit.flushed();
  assert.deepEqual(payloads(table, 't'), ['last']);
  assert.equal(table.size, 1);
  await environment.close();
});

test('a topic that two clients clear is acknowledged to neither before it is flushed', async (t) => {
  const { table, commit, environment } = openTable(folderOf(t));
  const client = await new BrokerFixture({ retainedLog: table }).connect('c');
  client.publish('t', 'x', { retain: true });
  await commit.flushed();
  client.publish('t', '', { retain: true, qos: 1, packetId: 1 });
  client.publish('t', '', { retain: true, qos: 1, packetId: 2 });
  assert.deepEqual(client.waiting(), []);
  await commit.flushed();
  assert.deepEqual(client.waiting(), [PacketType.puback, PacketType.puback]);
  await environment.close();
});

test('topics too long for a key are found by every filter that matches them, in their place', async (t) => {
  const { table, commit, environment } = openTable(folderOf(t));
  const long = 'x'.repeat(1_020);
  const topics = ['a', `a/${long}`, `a/${long}y`, `a/${long}yz`, `a/${long}/z/1`, `a/${long}/z/2`, `b/${long}/z/1`];
  for (const topic of topics) table.put(message(topic, topic), 1);
  await commit.flushed();
  for (const filter of ['a/#', 'a/+', `a/${long}/#`, `a/${long}yz`, `+/${long}/+/1`, `a/${long}y/#`, '+/+/z/2', '#']) {
    const expected = topics.filter((topic) => filterMatches(filter, topic));
    assert.deepEqual(payloads(table, filter).sort(), expected.sort(), filter.slice(0, 20));
  }
  table.remove(`a/${long}yz`);
  await commit.flushed();
  assert.deepEqual(payloads(table, `a/${long}yz`), []);
  assert.equal(table.size, topics.length - 1);
  await environment.close();
});

test('a wildcard does not wade through what it cannot match', async (t) => {
  const { table, commit, environment } = openTable(folderOf(t));
  for (let device = 0; device < 5; device++) {
    table.put(message(`d${device}/status`, 'x'), 1);
    for (let i = 0; i < 1_000; i++) table.put(message(`d${device}/readings/${i}`, 'x'), 1);
  }
  await commit.flushed();
  const scan = table.scan('+/status');
  let found = 0;
  const keys = scan.read(() => ++found > 0);
  assert.equal(found, 5);
  assert.ok(keys < 100, `${keys} keys`);
  assert.equal(scan.isDone, true);
  await environment.close();
});

test('a scan that finds nothing stops after as many keys as one that finds much', async (t) => {
  const { table, commit, environment } = openTable(folderOf(t));
  for (let i = 0; i < 3_000; i++) table.put(message(`${i}/a/b`, 'x'), 1);
  await commit.flushed();
  for (const filter of ['+/+/c', '#']) {
    const scan = table.scan(filter);
    let steps = 0;
    for (; !scan.isDone; steps++) assert.ok(scan.read(() => true) <= 250);
    assert.ok(steps >= 12, filter);
  }
  await environment.close();
});

test('scans find what the filter matches, whatever was put, cleared and flushed', async (t) => {
  await forSeedsInTurn(2, async (random) => compareWithMap(random, folderOf(t)));
});

async function compareWithMap(random: Random, folder: string): Promise<void> {
  const { table, commit, environment } = openTable(folder);
  const model = new Map<string, string>();
  for (let step = 0; step < 200; step++) {
    for (let change = random.below(6); change > 0; change--) {
      const topic = randomTopic(random);
      if (random.below(3) > 0) {
        table.put(message(topic, `${topic} ${step}`), 1);
        model.set(topic, `${topic} ${step}`);
      } else assert.equal(table.remove(topic), model.delete(topic));
    }
    const filter = randomFilter(random);
    const told = `step ${step}, "${filter.slice(0, 60)}"`;
    assert.equal(table.size, model.size, told);
    if (/[+#]/.test(filter)) await commit.flushed();
    const expected = [...model].filter(([topic]) => filterMatches(filter, topic)).map(([, payload]) => payload);
    assert.deepEqual(payloads(table, filter).sort(), expected.sort(), told);
  }
  await environment.close();
}

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-retained-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function openTable(folder: string): { table: RetainedTable; commit: GroupCommit; environment: Environment } {
  const environment = new Environment(folder);
  const commit = new GroupCommit({ environment });
  return { table: new RetainedTable(environment, commit, silentLog), commit, environment };
}

function message(topic: string, payload: string): Publication {
  return new Publication(topic, Buffer.from(payload), 1, true, undefined, 1_700_000_000_000, 'p');
}

function payloads(table: RetainedTable, filter: string): string[] {
  const found: string[] = [];
  const scan = table.scan(filter);
  while (!scan.isDone) scan.read(({ publication }) => found.push(publication.payload.toString()) % 3 > 0);
  return found;
}

// Few names, so that topics and filters meet; names that sort beside the end of a level, and long ones.
const names = ['', 'a', 'b', 'a\u0001', 'ab', '$s', 'é', 'l'.repeat(1_022), 'l'.repeat(1_023), 'l'.repeat(1_030)];

function randomTopic(random: Random): string {
  return random.list(1, 4, () => random.pick(names)).join('/') || '/';
}

function randomFilter(random: Random): string {
  const levels = random.list(1, 4, () => (random.below(3) === 0 ? '+' : random.pick(names)));
  if (random.below(3) === 0) levels[random.below(4) === 0 ? 0 : levels.length] = '#';
  const end = levels.indexOf('#');
  return (end < 0 ? levels : levels.slice(0, end + 1)).join('/') || '/';
}
