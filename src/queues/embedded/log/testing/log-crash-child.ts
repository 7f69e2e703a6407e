import { openSync, writeSync } from 'node:fs';
import { acknowledged, type Delivery, type ReceiptWaiter, type Settlement } from '../../../../message.ts';
import { silentLog } from '../../../../std/log.ts';
import { Environment } from '../../../../storage/environment.ts';
import { GroupCommit } from '../../../../storage/group-commit.ts';
import { messageOf } from '../../../testing/recording-consumer.ts';
import { EmbeddedEngine } from '../../engine.ts';
import { groupOutstandingMax } from '../group-selector.ts';

/*
 * For log-crash.test.ts: publishes to a log and settles in two groups until it is killed.
 * `node log-crash-child.ts FOLDER PREFIX JOURNAL`. The journal is a file, because a line that was written to one is there
 * after a kill:
 *
 *   stored ID           the publisher has its receipt
 *   seen SEQUENCE ID    a consumer has got it
 *   settling GROUP ID   a consumer is about to acknowledge
 *   settled GROUP ID    that is flushed
 *
 * Standard output gets a dot for each turn, for the test to choose its moment by.
 */
const [folder, prefix, journalFile] = process.argv.slice(2);
const journal = openSync(journalFile, 'w');
const environment = new Environment(folder);
const commit = new GroupCommit({ environment });
const hot = { bytesMax: 40_000, messagesMax: 200, queueBytesMin: 4_000, queueMessagesMin: 20 };
const engine = new EmbeddedEngine({ environment, commit, log: silentLog, hot });
await engine.start();
const backoff = { kind: 'fixed', initialMs: 1, factor: 1, maxMs: 1, jitter: 0 } as const;
const options = {
  kind: 'log',
  bindings: [{ filter: 'crash' }],
  maxDeliveries: 2,
  backoff,
  group: { start: 'earliest' },
};
await engine.declare('log', options as Parameters<typeof engine.declare>[1]);

function note(line: string): void {
  writeSync(journal, `${line}\n`);
}

const receipts: ReceiptWaiter = {
  receipt(tag, failure) {
    if (failure !== undefined) throw failure;
    note(`stored ${prefix}-${tag}`);
  },
};
const settled: ReceiptWaiter & { lines: string[] } = {
  lines: [],
  receipt(tag, failure) {
    if (failure === undefined) note(`settled ${this.lines[tag]}`);
  },
};

const failed: Settlement = { kind: 'failed', code: 'driver_failed', reason: 'one in ten' };
let count = 0;
/** Some at once, some later and so out of order, and some fail and end as dead letters. */
function deliver(group: string, delivery: Delivery): void {
  note(`seen ${delivery.sequence} ${delivery.message.payload}`);
  const kind = count++ % 10;
  if (kind === 9) delivery.settle(failed);
  else if (kind < 4) acknowledge(group, delivery);
  else setTimeout(acknowledge, kind, group, delivery);
}

function acknowledge(group: string, delivery: Delivery): void {
  const id = delivery.message.payload.toString();
  note(`settling ${group} ${id}`);
  if (!delivery.settle(acknowledged)) return;
  commit.wait(settled, settled.lines.push(`${group} ${id}`) - 1);
}

for (const group of ['plain', 'second']) {
  const consumer = { id: group, deliver: (delivery: Delivery) => deliver(group, delivery), ended: () => undefined };
  await engine.consume('log', consumer, { credit: 50, group });
}
/** The test leases all that a group has open, and a group hands out `groupOutstandingMax` at most. */
async function isFarBehind(): Promise<boolean> {
  const groups = await engine.groups('log');
  return groups.some(({ lagMessages }) => lagMessages > groupOutstandingMax / 2);
}

const destination = engine.route('crash');
for (let turn = 0, number = 0; ; turn++) {
  if (!(await isFarBehind())) {
    for (let i = 0; i < 40; i++, number++) {
      destination?.admit(messageOf(`${prefix}-${number}`, { topic: 'crash' }), receipts, number);
    }
  }
  process.stdout.write('.');
  if (turn % 10 === 9) await commit.flushed();
  else await new Promise((resolve) => setImmediate(resolve));
}
