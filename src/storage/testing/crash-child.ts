import { Environment } from '../environment.ts';
import { GroupCommit } from '../group-commit.ts';

/*
 * For crash.test.ts: writes pairs of rows, one in each of two tables, until it is killed, and says on standard output
 * which number was flushed last; and an empty line when a commit runs. `node crash-child.ts FOLDER FIRST`.
 */
const [folder, first] = process.argv.slice(2);
const commit = new GroupCommit({ environment: new Environment(folder) });
const value = Buffer.alloc(200, 0x5a);

for (let number = Number(first); ; ) {
  // More than lmdb's writer waits for before it begins, so that the kill can fall between two rows of a batch.
  for (let i = 0; i < 3_000; i++, number++) {
    const key = Buffer.alloc(4);
    key.writeUInt32BE(number);
    commit.put('retained', key, value);
    commit.put('sessions', key, value);
  }
  const flushed = commit.flushed();
  await new Promise((resolve) => setImmediate(resolve));
  process.stdout.write('\n');
  await flushed;
  process.stdout.write(`${number - 1}\n`);
}
