import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Account } from '../bench/kill/account.ts';
import type { Sample } from '../bench/measure.ts';
import { parseResult } from '../bench/mqttload.ts';
import { parseOptions } from '../bench/options.ts';
import { comparisons, reportTable } from '../bench/report.ts';
import { Ledger, Reading } from '../bench/sessions/ledger.ts';
import { trendOf } from '../bench/soak/memory.ts';

const line =
  ' pubs=1 subs=1 qos=1/1 size=256 win=100 sent=10 acked=10 bad_ack=0 pub_rate=61002/s | expect=10 recv=9 lost=1 dup=2 ' +
  'reorder=3 recv_rate=60999/s | lat_ms p50=0.82 p95=1.50 p99=4.75 p99.9=9.00 max=10.01 | ack_ms ack_p50=1.50 ack_p99=6.25 ack_max=9.00';

test('the line of mqttload is read', () => {
  assert.deepEqual(parseResult(line), {
    acknowledgedRate: 61_002,
    receivedRate: 60_999,
    lost: 1,
    duplicates: 2,
    reordered: 3,
    p50: 0.82,
    p99: 4.75,
    ackP50: 1.5,
    ackP99: 6.25,
    ackMax: 9,
    complete: true,
  });
  assert.equal(parseResult(`${line}  INCOMPLETE`).complete, false);
});

test('the table has medians, the median ratio of neighbouring runs, and sums of what was lost', () => {
  const samples = [
    ...[300, 100, 200].map((value, index) => sample('Sluice', index + 1, value)),
    ...[100, 100, 50].map((value, index) => sample('Mosquitto', index + 1, value)),
  ];
  const row = reportTable(samples, 'Mosquitto').split('\n')[2];
  assert.equal(row, '| fan-in | 200/s | 100/s | 3.00 × | 3 / 6 · 3 / 6 | – | 1.5 · 1.5 | 2 · 2 |');
});

test('the table of one side has no ratio', () => {
  const row = reportTable([sample('Mosquitto', 1, 1_234_567)], 'Mosquitto').split('\n')[2];
  assert.equal(row, '| fan-in | – | 1,234,567/s | – | – · 1 / 2 | – | – · 1.5 | – · 2 |');
});

test('each peer has a table of its own beside the same runs of Sluice', () => {
  const samples = [sample('Sluice', 1, 200), sample('RabbitMQ', 1, 10), sample('NATS', 1, 40)];
  const [head, , row] = reportTable(samples, 'NATS').split('\n');
  assert.match(head, /^\| scenario \| Sluice \| NATS \| ratio /);
  assert.match(row, /^\| fan-in \| 200\/s \| 40\/s \| 5\.00 × /);
  assert.match(reportTable(samples, 'RabbitMQ'), /\| 20\.00 × /);
});

test('a step that is compared with another one says how they relate, run by run', () => {
  const many = (run: number, value: number): Sample => ({
    ...sample('Sluice', run, value),
    step: '1,000 queues',
    comparedWith: 'fan-in',
  });
  const samples = [sample('Sluice', 1, 100), many(1, 80), sample('Sluice', 2, 200), many(2, 180)];
  assert.deepEqual(comparisons(samples), ['1,000 queues: 0.85 × of fan-in.']);
});

test('options that make no sense are refused with what was expected', () => {
  assert.throws(() => parseOptions(['--runs', '0']), /whole number from 1: met "0"/);
  assert.throws(
    () => parseOptions(['--peer', 'x']),
    /mosquitto or mosquitto-defaults or rabbitmq or nats or none: met "x"/,
  );
  assert.throws(() => parseOptions(['--peer', 'none', '--peer-only']), /Nothing to measure/);
  assert.throws(() => parseOptions(['--peer', 'none', '--write']), /Nowhere to write/);
  assert.throws(() => parseOptions(['--scenario', 'x']), /expected one of one-to-one-qos0/);
});

test('a reading knows what is lost, what came again, what came out of order and what should not have come', () => {
  const ledger = new Ledger(1);
  for (let number = 0; number < 2_000; number++) if (ledger.next() !== 7) ledger.acknowledge(number);
  const reading = new Reading(ledger);
  for (const number of [0, 2, 1, 1, 7, 1_999]) reading.receive(number);
  const { received, repeated, reordered, unexpected, lost } = reading;
  assert.deepEqual(
    { received, repeated, reordered, unexpected, lost },
    {
      received: 5,
      repeated: 1,
      reordered: 1,
      unexpected: 1,
      lost: 1_995,
    },
  );
});

test('a trend is the straight line through the samples', () => {
  const { mean, slope, growth } = trendOf([
    [60, 10],
    [120, 13],
    [180, 14],
    [240, 17],
  ]);
  assert.equal(mean, 13.5);
  assert.ok(Math.abs(slope - 2.2) < 1e-9 && Math.abs(growth - 6.6) < 1e-9, `${slope} a minute, ${growth}`);
});

test('a message that was acknowledged and not received is lost, one that was not acknowledged is not', () => {
  const account = accountOf(3);
  account.acknowledge(0);
  account.acknowledge(0);
  account.acknowledge(1);
  account.receive(1);
  assert.equal(account.lost, 1);
  assert.equal(account.acknowledged, 2);
  assert.equal(account.received, 1);
});

test('each duplicate is counted by its reason', () => {
  const account = accountOf(4);
  for (const number of [0, 1, 2, 3]) account.receive(number);
  account.receive(3);
  account.life++;
  account.republish(0);
  account.refuse(1);
  account.receive(0);
  account.receive(1);
  account.receive(2);
  account.receive(2);
  const { duplicatesOfRepublished, duplicatesOverKill, duplicatesUnexplained, received } = account;
  assert.deepEqual(
    { duplicatesOfRepublished, duplicatesOverKill, duplicatesUnexplained, received },
    { duplicatesOfRepublished: 2, duplicatesOverKill: 1, duplicatesUnexplained: 2, received: 4 },
  );
});

test('an account gives out numbers until it is closed or at its limit, and keeps what it knew when it grows', () => {
  const account = accountOf(70_000);
  assert.equal(account.next(), undefined);
  for (let number = 0; number < 70_000; number++) {
    account.acknowledge(number);
    account.receive(number);
  }
  assert.equal(account.isComplete, true);
  assert.equal(account.lost, 0);
  const closed = new Account();
  closed.close();
  assert.equal(closed.next(), undefined);
});

/** One that has given out so many numbers, and gives out no more. */
function accountOf(messages: number): Account {
  const account = new Account(messages);
  while (account.next() !== undefined);
  return account;
}

function sample(broker: Sample['broker'], run: number, value: number): Sample {
  const load = { ...parseResult(line), receivedRate: value };
  return {
    scenario: 'fan-in',
    step: 'fan-in',
    measure: 'received',
    broker,
    run,
    value,
    load,
    cpuSeconds: 1.5,
    peakBytes: 2 * 2 ** 20,
  };
}
