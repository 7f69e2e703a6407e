import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { compileMqttload, runLoad } from './mqttload.ts';
import { payload, registerFleet } from './pipeline/fleet.ts';
import { outcomesOf, untilProcessed } from './pipeline/outcomes.ts';
import { cpuSeconds } from './process-usage.ts';
import { type SluiceBroker, startSluice } from './sluice.ts';

/** The rate at which the ingest queue is worked on, by the server itself and by worker processes. */

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const devices = 50;
const messagesEach = 1_200;
const warmUpEach = 300;

const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
try {
  const mqttload = compileMqttload(folder);
  for (const count of [0, 1, 2]) {
    const home = join(folder, String(count));
    mkdirSync(home);
    process.stdout.write(await measure(mqttload, home, count));
  }
} finally {
  rmSync(folder, { recursive: true });
}

async function measure(mqttload: string, home: string, count: number): Promise<string> {
  process.env.SLUICE_PIPELINE_CONSUME = String(count === 0);
  const broker = await startSluice({ home });
  const workers: ChildProcess[] = [];
  try {
    await registerFleet(broker, 'queued', devices);
    for (let number = 0; number < count; number++) workers.push(await startWorker(broker, number));
    await run(mqttload, broker, warmUpEach);
    const pids = [broker.pid, ...workers.map(({ pid }) => pid ?? 0)];
    const before = pids.map(cpuSeconds);
    const seconds = await run(mqttload, broker, messagesEach);
    const messages = devices * messagesEach;
    const microseconds = pids.map((pid, place) => (((cpuSeconds(pid) - before[place]) / messages) * 1e6).toFixed(1));
    const [server, ...others] = microseconds;
    const spent = `CPU a message: server ${server} µs${others.map((each) => `, worker ${each} µs`).join('')}`;
    return `${count} workers: ${(messages / seconds).toFixed(0)} messages/s end to end; ${spent}\n`;
  } finally {
    for (const worker of workers) worker.kill('SIGKILL');
    await broker.stop();
  }
}

/** Seconds until the last message was processed. */
async function run(program: string, broker: SluiceBroker, count: number): Promise<number> {
  const before = await outcomesOf(broker);
  const began = performance.now();
  const load = `--ver 5 --pubs ${devices} --subs 0 --qos 1 --count ${count} --topic devices/meter-%d/telemetry`;
  await runLoad({
    program,
    port: broker.mqttPort,
    arguments: `${load} --payload ${payload} --window 20`,
    core: undefined,
  });
  await untilProcessed(broker, devices * count, before);
  return (performance.now() - began) / 1_000;
}

async function startWorker(broker: SluiceBroker, number: number): Promise<ChildProcess> {
  const url = `http://127.0.0.1:${broker.httpPort}`;
  const child = spawn(process.execPath, [main, 'worker', '--url', url, '--name', `w${number}`, '--threads', '1'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const lines = createInterface({ input: child.stderr });
  const atWork = new Promise<void>((resolve) => {
    lines.on('line', (line) => line.includes('"At work"') && resolve());
  });
  await Promise.race([atWork, once(child, 'exit').then(() => Promise.reject(new Error('The worker ended')))]);
  return child;
}
