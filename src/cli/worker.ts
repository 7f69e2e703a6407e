import { randomUUID } from 'node:crypto';
import { availableParallelism, hostname } from 'node:os';
import { choice, integer, text } from '../config/schema.ts';
import { systemClock } from '../std/clock.ts';
import { createLog, type Log, logLevels } from '../std/log.ts';
import { clientLogin } from './api.ts';
import { command } from './command.ts';
import { apiOptions, value, valueOr } from './options.ts';

export const worker = command({
  name: 'worker',
  summary: 'Decodes what the ingest queue of a running server holds, in a process of its own',
  note: 'Start any number of them, anywhere; one that ends gives back what it has not answered. The token needs the rights to subscribe to $queue/ingest and to publish to $pipeline/results. With pipeline.consume set to false, the server itself leaves the queue to its workers.',
  options: {
    url: apiOptions.url,
    token: apiOptions.token,
    name: value(text({ pattern: /^[A-Za-z0-9._:-]{1,64}$/, expected: "letters, digits, '.', '_', ':' and '-'" }), {
      placeholder: 'NAME',
      sentence: 'What lists and logs of the server call it; the name of this machine where absent.',
    }),
    threads: valueOr(integer(0, 64), 0, {
      placeholder: 'N',
      sentence: 'Threads that run drivers at most, as many as there is work for; 0: as many as there are cores.',
    }),
    'log-level': valueOr(choice(...logLevels), 'info', {
      placeholder: 'LEVEL',
      sentence: 'Lowest level that is logged.',
    }),
  },
  async run({ options, terminal }) {
    const log = createLog(options['log-level'], (line) => terminal.err(line.trimEnd()));
    const made = await makeWorker(options, log);
    const stop = (signal: NodeJS.Signals): void => {
      log.info('Stopping', { signal });
      void made.stop();
    };
    process.once('SIGTERM', stop).once('SIGINT', stop);
    await made.run();
    log.info('Stopped');
    return 0;
  },
});

interface Given {
  readonly url: string;
  readonly token: string | undefined;
  readonly name: string | undefined;
  readonly threads: number;
}

/** The parts are loaded here, so that the other commands start without them. */
async function makeWorker({ url, token, name, threads }: Given, log: Log) {
  const { WorkerDriverHost } = await import('../pipeline/driver-host/host.ts');
  const { ThreadScale } = await import('../pipeline/thread-scale.ts');
  const { HttpApi } = await import('../sdk/http/http-api.ts');
  const { Worker } = await import('../worker/worker.ts');
  const { base, login } = clientLogin(url, token);
  const drivers = new WorkerDriverHost({ log });
  const threadsMax = threads === 0 ? availableParallelism() : threads;
  return new Worker({
    api: new HttpApi(new URL(base), login),
    name: name ?? nameOfMachine(),
    drivers,
    scale: new ThreadScale(drivers, { threadsMin: 1, threadsMax }, log),
    clock: systemClock,
    log,
  });
}

function nameOfMachine(): string {
  const name = hostname()
    .replace(/[^A-Za-z0-9._:-]/g, '-')
    .slice(0, 64);
  return name === '' ? randomUUID() : name;
}
