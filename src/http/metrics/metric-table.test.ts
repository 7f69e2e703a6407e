import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BrokerCounters } from '../../broker/counters.ts';
import { brokerTable, dropReasons } from './broker-table.ts';
import { metricTable } from './metric-table.ts';
import type { Snapshot } from './snapshot.ts';

/** The values that the broker's rows read, with this one number in place of a counter. */
function valuesWith(counters: object): number[] {
  const platform = { broker: { bans: 0, sessions: 0, subscriptions: 0, retained: 0, ...counters } };
  return brokerTable.flatMap(({ read }) => read({ platform } as Snapshot).map(({ value }) => value));
}

test('every counter of the broker has a metric', () => {
  const mark = 4_711;
  for (const [name, value] of Object.entries(new BrokerCounters())) {
    if (typeof value !== 'number') continue;
    const shown = valuesWith({ ...new BrokerCounters(), [name]: mark });
    assert.equal(shown.filter((each) => each === mark || each === mark / 1_000).length, 1, name);
  }
});

test('every reason for a drop is a sample, and explained', () => {
  const { dropped } = new BrokerCounters();
  const rows = brokerTable.filter(({ labels }) => labels.includes('reason'));
  const samples = rows.flatMap(({ read }) => read({ platform: { broker: { dropped } } } as Snapshot));
  assert.deepEqual(samples.map(({ labels }) => labels.reason).sort(), Object.keys(dropped).sort());
  assert.deepEqual(Object.keys(dropReasons).sort(), Object.keys(dropped).sort());
});

test('names are unique, of the form that Prometheus asks for, and a counter ends in _total', () => {
  assert.equal(new Set(metricTable.map(({ name }) => name)).size, metricTable.length);
  for (const { name, type } of metricTable) {
    assert.match(name, /^sluice_[a-z0-9_]+$/);
    assert.equal(name.endsWith('_total'), type === 'counter', name);
  }
});
