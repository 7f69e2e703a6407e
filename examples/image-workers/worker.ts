/** One worker of the pool: `worker.ts NAME MQTT_URL LEDGER [FATE]`. It tells what it does, a line each, as JSON. */
import { setTimeout } from 'node:timers/promises';
import { connect, idempotent, SqliteLedger } from '../../src/sdk/sdk.ts';
import { type Job, shrink } from './image.ts';

const [name, url, file, fate] = process.argv.slice(2);
const ledger = new SqliteLedger(file);
const tell = (event: string, image: number): void => {
  process.stdout.write(`${JSON.stringify({ name, event, image })}\n`);
};
let begun = 0;

const handler = idempotent({
  ledger,
  work: async (message, signal) => {
    const job = message.json<Job>();
    tell('begun', job.image);
    // A large picture: somebody pulls this worker's plug before it is done with it.
    if (fate === 'dies-in-its-work' && ++begun === 3) await setTimeout(3_600_000, undefined, { signal });
    await setTimeout(5);
    return shrink(job);
  },
  // The thumbnail and the mark that it is made are one transaction.
  effect: ({ image, pixels }, database) => {
    database.prepare('INSERT INTO thumbnails VALUES (?, ?, ?)').run(image, name, pixels);
  },
});

const sluice = await connect(url, { clientId: name });
const worker = await sluice.consume(
  'images',
  async (message, signal) => {
    await handler(message, signal);
    tell('made', message.json<Job>().image);
    // The thumbnail is stored, and the queue does not know yet.
    if (fate === 'dies-before-it-says-so' && ++begun === 3) process.kill(process.pid, 'SIGKILL');
  },
  { concurrency: 2 },
);

process.once('SIGTERM', async () => {
  await worker.stop();
  await sluice.close();
  ledger.close();
});
