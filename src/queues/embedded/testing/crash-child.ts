import { openSync, writeSync } from 'node:fs';
import { acknowledged, type Delivery, type ReceiptWaiter, type Settlement } from '../../../message.ts';
import { silentLog } from '../../../std/log.ts';
import { Environment } from '../../../storage/environment.ts';
import { GroupCommit } from '../../../storage/group-commit.ts';
import { messageOf } from '../../testing/recording-consumer.ts';
import { EmbeddedEngine } from '../engine.ts';

/*
 * For crash.test.ts: enqueues and settles until it is killed. `node crash-child.ts FOLDER PREFIX JOURNAL`. The journal is a
 * file, because a line that was written to one is there after a kill; a pipe whose reader is slow keeps lines back:
 *
 *   stored ID     the publisher has its receipt
 *   settling ID   a consumer is about to acknowledge
 *   settled ID    that is flushed
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
await engine.declare('work', { bindings: [{ filter: 'crash/work' }], maxDeliveries: 2, backoff });
await engine.declare('left', { bindings: [{ filter: 'crash/#' }] });
await engine.declare('right', { bindings: [{ filter: 'crash/#' }] });

function note(line: string): void {
  writeSync(journal, `${line}\n`);
}

const receipts: ReceiptWaiter = {
  receipt(tag, failure) {
    if (failure !== undefined) throw failure;
    note(`stored ${prefix}-${tag}`);
  },
};
const settled: ReceiptWaiter & { ids: string[] } = {
  ids: [],
  receipt(tag, failure) {
    if (failure === undefined) note(`settled ${this.ids[tag]}`);
  },
};

const failed: Settlement = { kind: 'failed', code: 'driver_failed', reason: 'one in ten' };
let count = 0;
/** Some at once, so that they are never written; some later; some fail and end as dead letters. */
function deliver(delivery: Delivery): void {
  const kind = count++ % 10;
  if (kind === 9) delivery.settle(failed);
  else if (kind < 4) acknowledge(delivery);
  else setTimeout(acknowledge, kind, delivery);
}

function acknowledge(delivery: Delivery): void {
  const id = delivery.message.payload.toString();
  note(`settling ${id}`);
  if (!delivery.settle(acknowledged)) return;
  commit.wait(settled, settled.ids.push(id) - 1);
}

await engine.consume('work', { id: 'crash', deliver, ended: () => undefined }, { credit: 50 });
const destination = engine.route('crash/work');
for (let number = 0; ; ) {
  for (let i = 0; i < 40; i++, number++) {
    destination?.admit(messageOf(`${prefix}-${number}`, { topic: 'crash/work' }), receipts, number);
  }
  process.stdout.write('.');
  if (number % 400 === 0) await commit.flushed();
  else await new Promise((resolve) => setImmediate(resolve));
}
