import { acknowledged, type Delivery, type ReceiptWaiter, type Settlement } from '../../../message.ts';
import { silentLog } from '../../../std/log.ts';
import { Environment } from '../../../storage/environment.ts';
import { GroupCommit } from '../../../storage/group-commit.ts';
import { messageOf } from '../../testing/recording-consumer.ts';
import { EmbeddedEngine } from '../engine.ts';

/*
 * For crash.test.ts: enqueues and settles until it is killed. `node crash-child.ts FOLDER PREFIX`. Standard output is the
 * journal, written before anything else can happen:
 *
 *   stored ID     the publisher has its receipt
 *   settling ID   a consumer is about to acknowledge
 *   settled ID    that is flushed
 *
 * Each line ends with a dot, so that one that the kill cut off is known.
 */
const [folder, prefix] = process.argv.slice(2);
const environment = new Environment(folder);
const commit = new GroupCommit({ environment });
const hot = { bytesMax: 40_000, messagesMax: 200, queueBytesMin: 4_000, queueMessagesMin: 20 };
const engine = new EmbeddedEngine({ environment, commit, log: silentLog, hot });
await engine.start();
const backoff = { kind: 'fixed', initialMs: 1, factor: 1, maxMs: 1, jitter: 0 } as const;
await engine.declare('work', { bindings: [{ filter: 'crash/work' }], maxDeliveries: 2, backoff });
await engine.declare('left', { bindings: [{ filter: 'crash/#' }] });
await engine.declare('right', { bindings: [{ filter: 'crash/#' }] });

let journal = '';
const note = (line: string): void => {
  if (journal === '') setImmediate(writeJournal);
  journal += `${line} .\n`;
};
// Pipes are written synchronously: what was noted in a turn is out before the next one begins.
function writeJournal(): void {
  process.stdout.write(journal);
  journal = '';
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
  process.stdout.write(`settling ${id} .\n`);
  if (!delivery.settle(acknowledged)) return;
  commit.wait(settled, settled.ids.push(id) - 1);
}

await engine.consume('work', { id: 'crash', deliver, ended: () => undefined }, 50);
const destination = engine.route('crash/work');
for (let number = 0; ; ) {
  for (let i = 0; i < 40; i++, number++) {
    destination?.admit(messageOf(`${prefix}-${number}`, { topic: 'crash/work' }), receipts, number);
  }
  if (number % 400 === 0) await commit.flushed();
  else await new Promise((resolve) => setImmediate(resolve));
}
