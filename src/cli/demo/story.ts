import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Api } from '../api.ts';
import type { Terminal } from '../command.ts';
import { type Account, addsUp, drawAccount } from './account.ts';
import { formatAccount } from './account-lines.ts';
import { groupDeadLetters, mendDrivers, rehearseReplay, replayDeadLetters } from './dead-letter-steps.ts';
import { fleet } from './fleet.ts';
import { Ledger } from './ledger.ts';
import { readFacts } from './server-facts.ts';
import { ServerProcess } from './server-process.ts';
import { trafficOf } from './traffic.ts';
import { registerFleet, sendAndKill, sendWithoutIds, startServer, waitUntilProcessed } from './traffic-steps.ts';
import { count, type Step, say, type World } from './world.ts';

export interface DemoOptions {
  readonly keep: boolean;
  readonly seed: number;
}

const messagesPerDevice = 160;

const steps: readonly Step[] = [
  startServer,
  registerFleet,
  sendWithoutIds,
  sendAndKill,
  waitUntilProcessed,
  groupDeadLetters,
  mendDrivers,
  rehearseReplay,
  replayDeadLetters,
];

/** Plays the whole story; answers 0 where the account adds up, else 1. Rejects where the story cannot go on. */
export async function runDemo(options: DemoOptions, terminal: Terminal): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-demo-'));
  const world = createWorld(options.seed, terminal, folder);
  const interrupted = interruption();
  try {
    const account = await Promise.race([play(world), interrupted.promise.then(refuseToGoOn)]);
    await stopSenders(world);
    if (options.keep) await lookAround(world, interrupted.promise);
    await world.server.stop();
    const good = addsUp(account);
    if (good) rmSync(folder, { recursive: true });
    else terminal.out(`Data and log are in ${folder}`);
    return good ? 0 : 1;
  } catch (problem) {
    world.server.abandon();
    await stopSenders(world);
    for (const line of troubleOf(world)) terminal.err(line);
    terminal.err(`Data and log are in ${folder}`);
    throw problem;
  } finally {
    interrupted.forget();
  }
}

function createWorld(seed: number, terminal: Terminal, folder: string): World {
  const until = Date.now();
  const traffic = new Map(fleet.map((device) => [device.id, trafficOf(device, { seed, messagesPerDevice, until })]));
  const server = new ServerProcess(folder);
  const ledger = new Ledger([...traffic.values()].flat());
  terminal.out(`${count(ledger.shipments.length)} messages of ${fleet.length} devices, seed ${seed}, in ${folder}`);
  return { terminal, server, api: () => new Api(server.url), ledger, traffic, senders: new Map() };
}

async function play(world: World): Promise<Account> {
  for (const [index, step] of steps.entries()) {
    world.terminal.out(`\n${index + 1}. ${step.title}`);
    await step.run(world);
  }
  world.terminal.out(`\n${steps.length + 1}. The account`);
  const { ledger, api } = world;
  const facts = await readFacts(
    api(),
    fleet.map((device) => device.id),
  );
  const account = drawAccount(ledger.shipments, (shipment) => ledger.isAcknowledged(shipment), facts);
  for (const reason of new Set(ledger.refused.values())) account.problems.push(`Refused: ${reason}`);
  for (const line of formatAccount(account)) say(world, line);
  return account;
}

async function lookAround({ terminal, server }: World, interrupted: Promise<void>): Promise<void> {
  const at = `--url ${server.url}`;
  for (const line of [
    '',
    'The server keeps running. Ctrl-C ends it. Meanwhile:',
    `  curl ${server.url}/v1/devices/climate-bare-1/state`,
    `  curl ${server.url}/v1/devices/tracker-1/history?limit=3`,
    `  curl ${server.url}/metrics`,
    `  npx sluice queue list ${at}`,
    `  npx sluice dead list ${at}`,
    `  npx sluice device history tracker-1 ${at}`,
    `  npx sluice sub 'demo/#' --mqtt-url mqtt://127.0.0.1:${server.mqttPort}`,
    `  npx sluice pub demo/hello -m hello --mqtt-url mqtt://127.0.0.1:${server.mqttPort}`,
  ]) {
    terminal.out(line);
  }
  await interrupted;
}

async function stopSenders({ senders }: World): Promise<void> {
  await Promise.all([...senders.values()].map((sender) => sender.stop()));
}

/** What last went wrong for the devices, each thing once. */
function troubleOf({ senders, ledger }: World): ReadonlySet<string> {
  const troubles = new Set<string>();
  if (ledger.answered === ledger.shipments.length) return troubles;
  for (const { trouble } of senders.values()) {
    if (trouble !== undefined) troubles.add(`A device met: ${trouble}`);
  }
  return troubles;
}

function interruption(): { promise: Promise<void>; forget: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const listener = (): void => resolve();
  process.on('SIGINT', listener).on('SIGTERM', listener);
  return { promise, forget: () => void process.off('SIGINT', listener).off('SIGTERM', listener) };
}

function refuseToGoOn(): never {
  throw new Error('The demo was interrupted');
}
