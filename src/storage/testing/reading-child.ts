import { Snapshot } from '../snapshot.ts';

/* For snapshot.test.ts: opens a snapshot of the folder, says so, and reads on until it is killed. `node reading-child.ts FOLDER`. */
const snapshot = new Snapshot(process.argv[2]);
const rows = snapshot.rows('retained');
rows.next();
process.stdout.write('open\n');
setInterval(() => rows.next(), 1_000);
