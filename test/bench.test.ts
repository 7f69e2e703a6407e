import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Account } from '../bench/kill/account.ts';
import type { Sample } from '../bench/measure.ts';
import { parseResult } from '../bench/mqttload.ts';
import { parseOptions } from '../bench/options.ts';
import { comparisons, reportTable } from '../bench/report.ts';
import { Ledger, Reading } from '../bench/sessions/ledger.ts';
import type { SluiceBroker } from '../bench/sluice.ts';
import { memoryIn } from '../bench/soak/mappings.ts';
import { floorOf, type MemorySample, MemoryWatch, trendOf } from '../bench/soak/memory.ts';
import { memoryVerdict } from '../bench/soak/memory-verdict.ts';

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
  const { mean, slope, error } = trendOf([
    [60, 10],
    [120, 13],
    [180, 14],
    [240, 17],
  ]);
  assert.equal(mean, 13.5);
  assert.ok(Math.abs(slope - 2.2) < 1e-9, `${slope} a minute`);
  // What is left of the line is 0.2, -0.6, 0.6 and -0.2.
  assert.ok(Math.abs(error - Math.sqrt(0.08)) < 1e-9, `± ${error}`);
});

test('of each minute the least counts', () => {
  const points = [
    [1, 5],
    [12, 3],
    [60, 4],
    [63, 9],
    [182, 2],
  ] as const;
  assert.deepEqual(floorOf(points), [points[1], points[3], points[4]]);
  assert.deepEqual(floorOf(points.slice(0, 3)), [points[1]]);
  assert.deepEqual(floorOf([]), []);
});

test('a leak is told from a young heap that is written to and from chance', () => {
  const flat = memoryOf((seconds) => ({ v8: Math.min(200, 100 + seconds / 5), malloc: 100 + (seconds % 60) }));
  assert.equal(memoryVerdict(flat).isFlat, true);
  const leak = memoryOf((seconds) => ({ malloc: 100 + (seconds % 60) + seconds / 20 }));
  const { isFlat, lines } = memoryVerdict(leak);
  assert.equal(isFlat, false);
  assert.deepEqual(
    lines.filter((line) => line.includes('**grows**')).map((line) => line.split(' | ')[0]),
    ['| heaps of the C library, with the buffers', '| anonymous, with pages not written to yet'],
  );
});

test('mappings are told apart: V8, the C library, the database, the rest', () => {
  const mapping = (range: string, rights: string, name: string, [size, rss, anonymous]: readonly number[]): string =>
    `${range} ${rights} 00000000 00:00 0 ${name}\nSize: ${size} kB\nRss: ${rss} kB\nAnonymous: ${anonymous} kB\n`;
  const smaps = [
    mapping('23a53000-2c6a4000', 'rw-p', '                         [heap]', [143_684, 2_048, 2_048]),
    mapping('7f0000000000-7f0000300000', 'rw-p', '', [3_072, 1_024, 1_024]),
    mapping('7f0000300000-7f0004000000', '---p', '', [62_464, 0, 0]),
    mapping('7f0010040000-7f0010080000', 'rw-p', '', [256, 128, 128]),
    mapping('7f0018000000-7f0018040000', 'rw-p', '', [256, 256, 256]),
    mapping('7f0020000000-7f0040000000', 'rwxp', '', [524_288, 512, 512]),
    mapping('7f0050001000-7f0050801000', 'rw-p', '', [8_192, 64, 64]),
    mapping('7f0060000000-7f0070000000', 'r--s', '   /data/queues/data.mdb', [262_144, 4_096, 0]),
  ].join('');
  assert.deepEqual(memoryIn(smaps), { v8: 0.875, v8Mapped: 1, malloc: 3, other: 0.0625, database: 4 });
});

/** Ten minutes; what is not given is 100 MiB. */
function memoryOf(given: (seconds: number) => Partial<MemorySample>): MemoryWatch {
  const watch = new MemoryWatch({} as SluiceBroker);
  for (let seconds = 0; seconds < 600; seconds += 2) {
    const parts = { v8: 100, v8Mapped: 200, malloc: 100, other: 100, database: 100, ...given(seconds) };
    const anonymous = parts.v8 + parts.malloc + parts.other;
    const claimed = parts.v8Mapped + parts.malloc + parts.other;
    watch.samples.push({ seconds, resident: anonymous, anonymous, claimed, heap: 100, external: 100, ...parts });
  }
  return watch;
}

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
