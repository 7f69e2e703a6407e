import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Broker } from './broker.ts';
import { startMosquitto } from './mosquitto.ts';
import { type LoadResult, runLoad } from './mqttload.ts';
import type { BenchOptions } from './options.ts';
import { cpuSeconds, peakResidentBytes, resetPeak, residentBytes } from './process-usage.ts';
import type { Measure, Scenario, Step } from './scenarios.ts';
import { declareQueue, startSluice } from './sluice.ts';

/** One step against one broker, once. */
export interface Sample {
  readonly scenario: string;
  readonly step: string;
  readonly measure: Measure;
  readonly broker: Broker['name'];
  /** From 1. */
  readonly run: number;
  /** In the unit of the measure; for latency the median. */
  readonly value: number;
  /** None for idle connections. */
  readonly load: LoadResult | undefined;
  /** Of the broker, during the step. */
  readonly cpuSeconds: number;
  readonly peakBytes: number;
}

// The broker on one core and the load on another, so that they do not take time from each other.
const [brokerCore, loadCore] = availableParallelism() > 1 ? [0, 1] : [undefined, undefined];

/**
 * Runs a scenario: every broker is started once and warmed up by one run that does not count, then each run goes to one
 * broker after the other, so that what changes on the machine meanwhile meets them alike.
 */
export async function measureScenario(
  scenario: Scenario,
  options: BenchOptions,
  mqttload: string,
  folder: string,
  told: (sample: Sample) => void,
): Promise<void> {
  const round = async (brokers: readonly Broker[], run: number): Promise<void> => {
    for (const broker of brokers) {
      for (const step of scenario.steps) {
        const sample = await measureStep(scenario.name, step, broker, run, mqttload);
        if (run > 0) told(sample);
      }
    }
  };
  const runs = Array.from({ length: options.runs }, (_, index) => index + 1);
  if (scenario.cold === true) {
    for (const run of runs) await withBrokers(scenario, options, folder, (brokers) => round(brokers, run));
  } else {
    await withBrokers(scenario, options, folder, async (brokers) => {
      for (const run of [0, ...runs]) await round(brokers, run);
    });
  }
}

async function withBrokers(
  scenario: Scenario,
  options: BenchOptions,
  folder: string,
  use: (brokers: readonly Broker[]) => Promise<void>,
): Promise<void> {
  const home = mkdtempSync(join(folder, `${scenario.name}-`));
  const brokers: Broker[] = [];
  try {
    if (options.sluice) brokers.push(await prepareSluice(scenario, home));
    if (options.mosquitto) brokers.push(await startMosquitto(home, brokerCore, options.mosquittoAsItComes));
    await use(brokers);
  } finally {
    for (const broker of brokers) await broker.stop();
    rmSync(home, { recursive: true });
  }
}

async function prepareSluice(scenario: Scenario, home: string): Promise<Broker> {
  const broker = await startSluice({ home, core: brokerCore });
  if (scenario.queue === true) await declareQueue(broker);
  return broker;
}

async function measureStep(
  scenario: string,
  step: Step,
  broker: Broker,
  run: number,
  mqttload: string,
): Promise<Sample> {
  resetPeak(broker.pid);
  const cpuBefore = cpuSeconds(broker.pid);
  const residentBefore = residentBytes(broker.pid);
  let residentConnected = residentBefore;
  const load = await runLoad({
    program: mqttload,
    port: broker.mqttPort,
    arguments: broker.name === 'Mosquitto' ? (step.peerLoad ?? step.load) : step.load,
    core: loadCore,
    connected: () => {
      residentConnected = residentBytes(broker.pid);
    },
  });
  return {
    scenario,
    step: step.title,
    measure: step.measure,
    broker: broker.name,
    run,
    value:
      load === undefined ? (residentConnected - residentBefore) / idleConnections(step) : figureOf(step.measure, load),
    load,
    cpuSeconds: cpuSeconds(broker.pid) - cpuBefore,
    peakBytes: peakResidentBytes(broker.pid),
  };
}

function figureOf(measure: Measure, load: LoadResult): number {
  if (measure === 'latency') return load.p50;
  return measure === 'acknowledged' ? load.acknowledgedRate : load.receivedRate;
}

function idleConnections(step: Step): number {
  return Number(/--idle (\d+)/.exec(step.load)?.[1]);
}
