import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Account } from './kill/account.ts';
import { Consumer } from './kill/consumer.ts';
import { Publisher } from './kill/publisher.ts';
import { declareQueue, startSluice } from './sluice.ts';

/**
 * Kills the server again and again while messages go through the durable queue `bench`, and then accounts for each of them.
 * Ends with status 1 when an acknowledged message is lost, a duplicate has no explanation, or the run gets stuck.
 */
const usage = `Usage: node bench/kill.ts [options]

  --kills N          times that the server is ended by SIGKILL and started again (5)
  --messages N       in all (500000)
  --publishers N     (100)
  --consumers N      (4)
  --size BYTES       of a payload (256)
`;

/** Without progress for so long the run is stuck. */
const stuckSeconds = 30;

const options = parseOptions();
if (options === undefined) process.stdout.write(usage);
else await run(options);

interface KillOptions {
  readonly kills: number;
  readonly messages: number;
  readonly publishers: number;
  readonly consumers: number;
  readonly size: number;
}

async function run({ kills, messages, publishers, consumers, size }: KillOptions): Promise<void> {
  const home = mkdtempSync(join(tmpdir(), 'sluice-kill-'));
  const account = new Account(messages);
  const share = (index: number): number => Math.floor((messages * index) / publishers);
  const clients = [
    ...Array.from({ length: consumers }, (_, index) => new Consumer(account, index)),
    ...Array.from(
      { length: publishers },
      (_, index) => new Publisher(account, index, share(index), share(index + 1), size),
    ),
  ];
  let server = await startSluice({ home });
  try {
    await declareQueue(server);
    const started = performance.now();
    for (const client of clients) client.connect(server.mqttPort);
    for (let kill = 1; kill <= kills; kill++) {
      await reached(account, () => account.acknowledged >= (messages * kill) / (kills + 1));
      process.stderr.write(`kill ${kill} at ${account.acknowledged} acknowledged, ${account.received} received\n`);
      await server.stop('SIGKILL');
      // What the server sent before it died is read first and belongs to its life.
      await Promise.all(clients.map((client) => client.disconnected()));
      account.life++;
      server = await startSluice({ home, mqttPort: server.mqttPort, httpPort: server.httpPort });
      for (const client of clients) client.connect(server.mqttPort);
    }
    await reached(account, () => account.acknowledged === messages && account.received === messages);
    report(account, kills, (performance.now() - started) / 1000);
  } finally {
    for (const client of clients) client.close();
    await server.stop();
    rmSync(home, { recursive: true });
  }
}

/** Waits for the condition; gives up when nothing moves any more. */
async function reached(account: Account, condition: () => boolean): Promise<void> {
  let before = -1;
  let movedAt = performance.now();
  for (; !condition(); await wait(5)) {
    const now = account.acknowledged + account.received;
    if (now !== before) movedAt = performance.now();
    else if (performance.now() - movedAt > stuckSeconds * 1000) return;
    before = now;
  }
}

function report(account: Account, kills: number, seconds: number): void {
  const { total, acknowledged, received, republished, refused, lost } = account;
  const { duplicatesOfRepublished, duplicatesOverKill, duplicatesUnexplained } = account;
  const complete = acknowledged === total && received === total;
  process.stdout.write(
    [
      `${total} messages, ${kills} kills, ${seconds.toFixed(1)} s (${Math.round(total / seconds)}/s with the restarts)`,
      `acknowledged ${acknowledged}, received ${received}, lost ${lost}${complete ? '' : '  INCOMPLETE'}`,
      `published again after a kill ${republished}, after a refusal ${refused}`,
      `duplicates ${duplicatesOfRepublished + duplicatesOverKill + duplicatesUnexplained}: ` +
        `${duplicatesOfRepublished} of messages published again, ${duplicatesOverKill} delivered again after a kill, ` +
        `${duplicatesUnexplained} without explanation`,
      '',
    ].join('\n'),
  );
  if (lost > 0 || duplicatesUnexplained > 0 || !complete) process.exitCode = 1;
}

function parseOptions(): KillOptions | undefined {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '5' },
      messages: { type: 'string', default: '500000' },
      publishers: { type: 'string', default: '100' },
      consumers: { type: 'string', default: '4' },
      size: { type: 'string', default: '256' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const whole = (name: 'kills' | 'messages' | 'publishers' | 'consumers' | 'size', min: number): number => {
    const value = Number(values[name]);
    if (Number.isInteger(value) && value >= min) return value;
    throw new Error(`Expected --${name} to be a whole number from ${min}: met "${values[name]}"`);
  };
  return {
    kills: whole('kills', 0),
    messages: whole('messages', 1),
    publishers: whole('publishers', 1),
    consumers: whole('consumers', 1),
    size: whole('size', 4),
  };
}
