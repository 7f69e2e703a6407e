import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Broker, loadCore } from '../broker.ts';
import { compileMqttload, runLoad } from '../mqttload.ts';
import type { SluiceBroker } from '../sluice.ts';
import { payload } from './fleet.ts';
import type { PipelineScenario } from './scenarios.ts';

/** The compiled load generators. */
export interface Loads {
  readonly mqttload: string;
  readonly httpload: string;
}

export function compileLoads(folder: string): Loads {
  const httpload = join(folder, 'httpload');
  const source = fileURLToPath(new URL('../httpload.c', import.meta.url));
  execFileSync('cc', ['-O2', '-o', httpload, source], { stdio: ['ignore', 'ignore', 'inherit'] });
  return { mqttload: compileMqttload(folder), httpload };
}

/** How devices were answered: messages a second, and milliseconds from sending to the answer. */
export interface Answered {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Sends so many messages of each device. Rejects where one is not acknowledged. */
export function send(
  broker: SluiceBroker,
  loads: Loads,
  scenario: PipelineScenario,
  ofEach: number,
): Promise<Answered> {
  return scenario.door === 'http'
    ? overHttp(broker, loads, scenario, ofEach)
    : overMqtt(broker, loads, scenario, ofEach);
}

/** The same over MQTT to any broker. */
export async function overMqtt(
  broker: Broker,
  { mqttload }: Loads,
  { devices, load, paced }: PipelineScenario,
  ofEach: number,
): Promise<Answered> {
  const result = await runLoad({
    program: mqttload,
    port: broker.mqttPort,
    arguments: `--ver 5 --pubs ${devices} --subs 0 --qos 1 --count ${ofEach} --topic devices/meter-%d/telemetry --payload ${payload} ${load}`,
    core: paced ? loadCore : undefined,
  });
  if (result?.complete !== true) throw new Error('The load did not get every acknowledgement');
  return { rate: result.acknowledgedRate, p50: result.ackP50, p99: result.ackP99, max: result.ackMax };
}

const run = promisify(execFile);

async function overHttp(
  broker: SluiceBroker,
  { httpload }: Loads,
  { devices }: PipelineScenario,
  ofEach: number,
): Promise<Answered> {
  const path = '/v1/devices/meter-%d/telemetry';
  const where = ['--port', String(broker.httpPort), '--path', path, '--header', 'Content-Type: application/json'];
  const how = ['--connections', String(devices), '--count', String(ofEach), '--body', payload];
  const { stdout } = await run(httpload, [...where, ...how]);
  const field = (name: string): number =>
    Number(new RegExp(`(?:^|[ |])${name}=([\\d.]+)`).exec(stdout)?.[1] ?? Number.NaN);
  return { rate: field('rate'), p50: field('p50'), p99: field('p99'), max: field('max') };
}
