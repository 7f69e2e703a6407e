import { Snapshot } from '../storage/snapshot.ts';

/* `node copy-process.ts FROM TO`: copies an LMDB environment into an empty folder. Says on standard error what went wrong. */
const [from, to] = process.argv.slice(2);
const snapshot = new Snapshot(from);
await snapshot.copyTo(to).catch((problem: Error) => {
  process.stderr.write(problem.message);
  process.exitCode = 1;
});
await snapshot.close();
