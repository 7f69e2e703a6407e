import { isUtf8 } from 'node:buffer';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { integer, text } from '../config/schema.ts';
import { connect, type Handler, type Received, Reject, Release } from '../sdk/sdk.ts';
import { clientLogin } from './api.ts';
import { command } from './command.ts';
import { interruption } from './interruption.ts';
import { apiOptions, value, valueOr } from './options.ts';
import { withoutControls } from './table.ts';

export const consume = command({
  name: 'consume',
  summary: 'Works on the messages of a queue until it is interrupted: prints each, or runs a program for it',
  note: 'A message leaves the queue when its line is printed, or when its program ends with exit status 0. With 65 it goes to the dead letters, with 75 back to the queue, and anything else is a failed try. Interrupted, it finishes what it began.',
  operands: [{ name: 'QUEUE', sentence: 'the name of a queue' }],
  options: {
    exec: value(text(), {
      placeholder: 'COMMAND',
      sentence: 'Shell command that is run for each message, with its payload as standard input.',
    }),
    group: value(text(), { placeholder: 'GROUP', sentence: 'Of a log: whose position is shared.' }),
    concurrency: valueOr(integer(1, 256), 1, { placeholder: 'N', sentence: 'Messages worked on at once.' }),
    count: value(integer(1), { short: 'C', placeholder: 'N', sentence: 'Ends after so many messages.' }),
    ...apiOptions,
  },
  async run({ options, operands: [queue], terminal }) {
    const { exec, group, count = Number.POSITIVE_INFINITY } = options;
    const show = options.json ? asJson : asLine;
    const work: Handler =
      exec === undefined
        ? (message) => terminal.out(show(message))
        : programHandler(exec, (line) => terminal.err(line));
    const { handler, enough } = counted(work, count);
    const interrupted = interruption();
    const { base, login } = clientLogin(options.url, options.token);
    const client = await connect(base, { ...login, onNotice: (line) => terminal.err(line) });
    try {
      const concurrency = Math.min(options.concurrency, count);
      const consumer = await client.consume(queue, handler, { concurrency, group, pollSeconds: 2 });
      await Promise.race([consumer.ended, enough, interrupted.promise]);
    } finally {
      await client.close();
      interrupted.forget();
    }
    return 0;
  },
});

/** `enough` resolves after so many messages, whatever became of them; those beyond go back. */
function counted(work: Handler, count: number): { handler: Handler; enough: Promise<void> } {
  const { promise: enough, resolve } = Promise.withResolvers<void>();
  let begun = 0;
  let ended = 0;
  const handler: Handler = async (message, signal) => {
    if (++begun > count) {
      await enough;
      throw new Release();
    }
    try {
      await work(message, signal);
    } finally {
      if (++ended === count) resolve();
    }
  };
  return { handler, enough };
}

/** Exit statuses of sysexits.h that say more than that it failed: the data are wrong; try again later. */
const dataError = 65;
const temporaryFailure = 75;

function programHandler(shellCommand: string, onFailure: (line: string) => void): Handler {
  return async (message, signal) => {
    const env = {
      ...process.env,
      SLUICE_TOPIC: message.topic,
      SLUICE_QUEUE: message.queue,
      SLUICE_SEQUENCE: String(message.sequence),
      SLUICE_ATTEMPT: String(message.attempt),
    };
    const child = spawn(shellCommand, { shell: true, stdio: ['pipe', 'inherit', 'inherit'], env, signal });
    // A program that does not read its input ends it before it was written.
    child.stdin.on('error', (problem: NodeJS.ErrnoException) => {
      if (problem.code !== 'EPIPE') child.emit('error', problem);
    });
    child.stdin.end(message.payload);
    const [status, endedBy] = (await once(child, 'close')) as [number | null, string | null];
    if (status === 0) return;
    const reason = `The program ended with ${status === null ? `signal ${endedBy}` : `exit status ${status}`}`;
    onFailure(`${message.queue} [${message.sequence}, attempt ${message.attempt}] ${reason}`);
    if (status === dataError) throw new Reject(reason);
    if (status === temporaryFailure) throw new Release(reason);
    throw new Error(reason);
  };
}

function asLine({ topic, sequence, attempt, payload }: Received): string {
  const shown = isUtf8(payload) ? payload.toString() : payload.toString('hex');
  return `${withoutControls(topic)} [${sequence}, attempt ${attempt}] ${withoutControls(shown)}`;
}

function asJson({ topic, queue, sequence, attempt, payload, userProperties, death }: Received): string {
  const encoding = isUtf8(payload) ? 'utf8' : 'base64';
  return JSON.stringify({
    topic,
    queue,
    sequence,
    attempt,
    payload: payload.toString(encoding),
    encoding,
    userProperties,
    death,
  });
}
