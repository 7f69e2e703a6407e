/** A pool of workers shrinks pictures; two of them die at the worst moments, and every picture is shrunk once. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { connect, SqliteLedger } from '../../src/sdk/sdk.ts';
import { conclude, ExampleServer, say } from '../server.ts';

const images = 120;
const workerFile = fileURLToPath(new URL('./worker.ts', import.meta.url));

const server = new ExampleServer();
await server.start();
await server.declare('images', { bindings: [{ filter: 'images/new' }] });
const ledgerFile = join(server.folder, 'thumbnails.sqlite');
const ledger = new SqliteLedger(ledgerFile);
ledger.database.exec('CREATE TABLE thumbnails (image INTEGER, worker TEXT, pixels BLOB)');

const sluice = await connect(server.mqttUrl);
const jobs = Array.from({ length: images }, (_, image) => ({
  topic: 'images/new',
  payload: { image, width: 256, height: 256 },
}));
const published = (await sluice.publishAll(jobs)).filter(({ ok }) => ok).length;
say(`${published} pictures wait in the queue, on disk.`);

const made = Promise.withResolvers<void>();
const thumbnails = new Set<number>();
const pool = [begin('anna'), begin('bert', 'dies-in-its-work'), begin('carl', 'dies-before-it-says-so')];
await made.promise;
await Promise.all(pool.map(dismiss));

const { acknowledged, ready, leased, scheduled, redelivered, released } = await server.numbers('images');
const rows = ledger.database.prepare('SELECT image, count(*) AS times FROM thumbnails GROUP BY image').all();
const twice = rows.filter(({ times }) => Number(times) > 1).length;
ledger.close();
await sluice.close();
await server.stop();
const left = ready + leased + scheduled;
const again = redelivered + released;
conclude(
  `${published} pictures, ${rows.length} thumbnails, ${published - rows.length} lost, ${twice} made twice, ${left} left in the queue, ${again} handed to somebody else`,
  published === images && rows.length === images && twice === 0 && left === 0 && acknowledged === images && again > 0,
);

function begin(name: string, fate?: string) {
  const args = [workerFile, name, server.mqttUrl, ledgerFile, ...(fate === undefined ? [] : [fate])];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let begun = 0;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { event, image } = JSON.parse(line) as { event: string; image: number };
    if (event === 'made') thumbnails.add(image);
    if (event === 'begun' && ++begun === 3 && fate === 'dies-in-its-work') {
      say(`${name} dies in the middle of picture ${image}.`);
      child.kill('SIGKILL');
    }
    if (thumbnails.size === images) made.resolve();
  });
  child.once('exit', (_, signal) => {
    if (signal === 'SIGKILL' && fate === 'dies-before-it-says-so')
      say(`${name} dies with a thumbnail that the queue never heard of.`);
  });
  return child;
}

async function dismiss(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}
