import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cause } from './cause.ts';
import { CauseBook, closedGroupMs, closedGroupsMax, groupsMax } from './cause-book.ts';

const minuteMs = 60_000;
const now = 1_790_000_000_000;

const cause = (fingerprint: string, at = now): Cause => ({
  fingerprint,
  code: 'driver_failed',
  stage: 'decode',
  driver: 'oyster',
  driverVersion: '1.0.0',
  deviceType: 'oyster-3',
  eventType: 'telemetry',
  reason: `at ${at}`,
  firstFailureAt: at,
  lastFailureAt: at,
});

test('a group has counts, names, the newest message and how many died a minute', () => {
  const book = new CauseBook();
  for (let minute = 5; minute > 0; minute--) book.add(10 - minute, 100, cause('f', now - minute * minuteMs));
  book.add(20, 50, { ...cause('f'), driverVersion: '1.0.1', deviceType: undefined });
  const [group] = book.read(6, now).groups;
  assert.deepEqual([group.count, group.bytes, group.died, group.sampleSequence], [6, 550, 6, 20]);
  assert.deepEqual([group.firstAt, group.lastAt, group.reason], [now - 5 * minuteMs, now, `at ${now}`]);
  assert.deepEqual(
    [group.deviceTypes, group.driverVersions, group.eventTypes],
    [['oyster-3'], ['1.0.0', '1.0.1'], ['telemetry']],
  );
  assert.deepEqual(group.perMinute.slice(-7), [0, 1, 1, 1, 1, 1, 1]);
  assert.equal(group.growthPerMinute, 1);
  assert.equal(
    group.perHour.reduce((sum, count) => sum + count),
    6,
  );
});

test('a group that is empty is closed, and says when and how its messages left', () => {
  const book = new CauseBook();
  for (const sequence of [1, 2, 3]) book.add(sequence, 10, cause('f'));
  assert.ok(book.remove(1, 10, 'f', 'replayed', now + 1));
  assert.ok(book.remove(2, 10, 'f', 'replayed', now + 2));
  assert.ok(book.remove(3, 10, 'f', 'discarded', now + 3));
  const { groups, closed } = book.read(0, now + 4);
  assert.deepEqual(groups, []);
  assert.deepEqual([closed[0].closedAt, closed[0].died], [now + 3, 3]);
  assert.deepEqual(closed[0].left, { replayed: 2, moved: 0, consumed: 0, discarded: 1, expired: 0 });
});

test('a cause that comes back says when it had been closed', () => {
  const book = new CauseBook();
  book.add(1, 10, cause('f'));
  book.remove(1, 10, 'f', 'replayed', now + 1);
  book.add(2, 10, cause('f', now + 5));
  const { groups, closed } = book.read(1, now + 6);
  assert.deepEqual([groups[0].closedBeforeAt, groups[0].died, groups[0].firstAt], [now + 1, 1, now + 5]);
  assert.equal(groups[0].left.replayed, 0);
  assert.deepEqual(closed, []);
});

test('causes beyond the limit are counted together, and leave from where they were counted', () => {
  const book = new CauseBook();
  for (let n = 1; n <= groupsMax; n++) book.add(n, 1, cause(`f${n}`));
  book.add(1_001, 7, cause('late'));
  book.add(1_002, 7, cause('later'));
  assert.equal(book.read(groupsMax + 2, now).other?.count, 2);
  assert.ok(book.remove(1, 1, 'f1', 'discarded', now));
  book.add(1_003, 7, cause('late'));
  const counts = (): (number | undefined)[] => {
    const { groups, other } = book.read(0, now);
    return [other?.count, groups.find(({ fingerprint }) => fingerprint === 'late')?.count];
  };
  assert.deepEqual(counts(), [2, 1]);
  assert.ok(book.remove(1_001, 7, 'late', 'discarded', now));
  assert.deepEqual(counts(), [1, 1]);
  assert.ok(book.remove(1_003, 7, 'late', 'discarded', now));
  assert.ok(book.remove(1_002, 7, 'later', 'discarded', now));
  assert.deepEqual(counts(), [undefined, undefined]);
  assert.equal(book.count, groupsMax - 1);
});

test('closed groups are forgotten beyond so many, the oldest first, and after a week', () => {
  const forgotten: string[] = [];
  const book = new CauseBook({ changed: () => undefined, forgotten: ({ fingerprint }) => forgotten.push(fingerprint) });
  for (let n = 0; n <= closedGroupsMax; n++) {
    book.add(n + 1, 1, cause(`f${n}`));
    book.remove(n + 1, 1, `f${n}`, 'expired', now + n);
  }
  assert.deepEqual(forgotten, ['f0']);
  assert.equal(book.read(0, now + closedGroupsMax).closed.length, closedGroupsMax);
  assert.equal(book.read(0, now + closedGroupMs + 50).closed.length, 50);
});

test('that a message was never counted is said', () => {
  const book = new CauseBook();
  assert.equal(book.remove(1, 10, 'f', 'expired', now), false);
});

test('the largest groups are shown first, and the others behind them', () => {
  const book = new CauseBook();
  book.add(1, 1, cause('small'));
  for (const sequence of [2, 3]) book.add(sequence, 1, cause('large'));
  assert.deepEqual(
    book.levels(1, now).map(({ fingerprint, messages }) => [fingerprint, messages]),
    [['large', 2]],
  );
});
