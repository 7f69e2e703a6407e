import { Environment } from '../environment.ts';
import { GroupCommit } from '../group-commit.ts';

/*
 * For failure.test.ts: writes until the file may not grow any more, and says as JSON what became of it.
 * An unhandled rejection would end it with status 1.
 */
const [folder] = process.argv.slice(2);
const failures: string[] = [];
const commit = new GroupCommit({ environment: new Environment(folder), onFailure: ({ code }) => failures.push(code) });
const receipts = { stored: 0, failed: 0, afterFailure: 0 };
const waiter = {
  receipt(_tag: number, failure: Error | undefined): void {
    if (failure !== undefined) receipts.failed++;
    else if (receipts.failed === 0) receipts.stored++;
    else receipts.afterFailure++;
  },
};

for (let number = 0; commit.failure === undefined; ) {
  for (let i = 0; i < 500; i++, number++) {
    const key = Buffer.alloc(4);
    key.writeUInt32BE(number);
    commit.put('retained', key, Buffer.alloc(1_000));
    commit.wait(waiter, number);
  }
  await new Promise((resolve) => setImmediate(resolve));
}
commit.wait(waiter, 0);
const refused = await commit.flushed().then(
  () => 'resolved',
  ({ code }) => code,
);
// lmdb's own rejections come in later turns.
for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
process.stdout.write(JSON.stringify({ failures, refused, reason: commit.failure?.message, ...receipts }));
process.exit(0);
