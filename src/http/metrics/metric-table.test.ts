import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BrokerCounters } from '../../broker/counters.ts';
import { brokerTable, dropReasons, pauseCauses } from './broker-table.ts';
import { metricTable } from './metric-table.ts';
import type { Snapshot } from './snapshot.ts';

const mark = 4_711;

/** The broker's counters with one of them, or all in it, at the mark. */
function marked(name: string, value: unknown): object {
  if (value instanceof Map) return { [name]: new Map([[0x97, mark]]) };
  if (typeof value === 'object') {
    return { [name]: Object.fromEntries(Object.keys(value as object).map((reason) => [reason, mark])) };
  }
  return { [name]: mark };
}

function shown(counters: object): number {
  const broker = { ...new BrokerCounters(), bans: 0, sessions: 0, subscriptions: 0, retained: 0, ...counters };
  const values = brokerTable.flatMap(({ read }) => read({ platform: { broker } } as unknown as Snapshot));
  return values.filter(({ value }) => value === mark || value === mark / 1_000).length;
}

test('every counter of the broker has a metric, and every reason in it a sample', () => {
  for (const [name, value] of Object.entries(new BrokerCounters())) {
    const expected = value instanceof Map || typeof value === 'number' ? 1 : Object.keys(value).length;
    assert.equal(shown(marked(name, value)), expected, name);
  }
});

test('every reason for a drop and for a pause is explained', () => {
  const { dropped, pauses } = new BrokerCounters();
  assert.deepEqual(Object.keys(dropReasons).sort(), Object.keys(dropped).sort());
  assert.deepEqual(Object.keys(pauseCauses).sort(), Object.keys(pauses).sort());
});

test('names are unique, of the form that Prometheus asks for, and a counter ends in _total', () => {
  assert.equal(new Set(metricTable.map(({ name }) => name)).size, metricTable.length);
  for (const { name, type } of metricTable) {
    assert.match(name, /^sluice_[a-z0-9_]+$/);
    assert.equal(name.endsWith('_total'), type === 'counter', name);
  }
});
