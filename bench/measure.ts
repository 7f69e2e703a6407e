import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Broker, brokerCore, loadCore } from './broker.ts';
import { type LoadResult, runLoad } from './mqttload.ts';
import type { BenchOptions } from './options.ts';
import { cpuSeconds, peakResidentBytes, resetPeak, residentBytes } from './process-usage.ts';
import { type Measure, restSeconds, type Scenario, type Step, settleSeconds } from './scenarios.ts';
import { declareQueue, type SluiceBroker, startSluice } from './sluice.ts';

/** One step against one broker, once. */
export interface Sample {
  readonly scenario: string;
  readonly step: string;
  readonly measure: Measure;
  readonly comparedWith?: string;
  /** Sluice, or the name of a peer. */
  readonly broker: string;
  /** From 1, through all starts. */
  readonly run: number;
  /** In the unit of the measure; for latency the median. */
  readonly value: number;
  /** None for idle connections. */
  readonly load: LoadResult | undefined;
  /** Of the broker, during the step. */
  readonly cpuSeconds: number;
  readonly peakBytes: number;
}

/** A broker and what it is given to do. */
interface Contender {
  readonly name: string;
  readonly broker: Broker;
  loadOf(step: Step): string;
}

/**
 * Runs a scenario: every broker is started as often as the options say and warmed up by runs that do not count, then each
 * run goes to one broker after the other, so that what changes on the machine meanwhile meets them alike.
 */
export async function measureScenario(
  scenario: Scenario,
  options: BenchOptions,
  mqttload: string,
  folder: string,
  told: (sample: Sample) => void,
): Promise<void> {
  const round = async (contenders: readonly Contender[], run: number | undefined): Promise<void> => {
    for (const contender of contenders) {
      for (const step of scenario.steps) {
        const sample = await measureStep(scenario.name, step, contender, run ?? 0, mqttload);
        if (run !== undefined) told(sample);
      }
    }
  };
  const { cold = false, warmUps = 1 } = scenario;
  const starts = cold ? options.starts * options.runs : options.starts;
  const runs = cold ? 1 : options.runs;
  for (let start = 0; start < starts; start++) {
    await withContenders(scenario, options, mqttload, folder, async (contenders) => {
      for (let warmUp = 0; warmUp < (cold ? 0 : warmUps); warmUp++) await round(contenders, undefined);
      for (let run = 1; run <= runs; run++) await round(contenders, start * runs + run);
    });
  }
}

async function withContenders(
  scenario: Scenario,
  options: BenchOptions,
  mqttload: string,
  folder: string,
  use: (contenders: readonly Contender[]) => Promise<void>,
): Promise<void> {
  const home = mkdtempSync(join(folder, `${scenario.name}-`));
  const contenders: Contender[] = [];
  try {
    if (options.sluice) {
      const broker = await startSluice({ home: folderIn(home, 'sluice'), core: brokerCore });
      contenders.push({ name: 'Sluice', broker, loadOf: (step) => step.load });
      await declareQueues(scenario, broker);
    }
    for (const peer of scenario.withoutPeer === true ? [] : options.peers) {
      const broker = await peer.start(folderIn(home, peer.option), brokerCore);
      const loadOf = (step: Step): string => (peer.durable ? step.durableLoad : step.memoryLoad) ?? step.load;
      contenders.push({ name: peer.name, broker, loadOf });
      if (peer.durable) await leaveSessions(scenario, broker, mqttload);
    }
    await use(contenders);
  } finally {
    for (const { broker } of contenders) await broker.stop();
    rmSync(home, { recursive: true });
  }
}

function folderIn(home: string, name: string): string {
  const folder = join(home, name);
  mkdirSync(folder);
  return folder;
}

async function declareQueues(scenario: Scenario, broker: SluiceBroker): Promise<void> {
  if (scenario.queue === true) await declareQueue(broker);
  for (let number = 0; number < (scenario.furtherQueues ?? 0); number++)
    await declareQueue(broker, `many-${number}`, `many/${number}`);
}

async function leaveSessions({ durablePreparation }: Scenario, broker: Broker, program: string): Promise<void> {
  if (durablePreparation === undefined) return;
  await runLoad({ program, port: broker.mqttPort, arguments: durablePreparation, core: loadCore });
}

async function measureStep(
  scenario: string,
  step: Step,
  { name, broker, loadOf }: Contender,
  run: number,
  mqttload: string,
): Promise<Sample> {
  if (step.measure === 'idle-memory') await wait(restSeconds * 1_000);
  resetPeak(broker.pid);
  const cpuBefore = cpuSeconds(broker.pid);
  const residentBefore = residentBytes(broker.pid);
  let residentConnected = residentBefore;
  const load = await runLoad({
    program: mqttload,
    port: broker.mqttPort,
    arguments: loadOf(step),
    core: loadCore,
    connected: async () => {
      await wait(settleSeconds * 1_000);
      residentConnected = residentBytes(broker.pid);
    },
  });
  return {
    scenario,
    step: step.title,
    measure: step.measure,
    comparedWith: step.comparedWith,
    broker: name,
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
