import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { dataFiles } from '../../src/platform/data-files.ts';
import { brokerCore } from '../broker.ts';
import { anonymousBytes, cpuSeconds } from '../process-usage.ts';
import { type SluiceBroker, startSluice } from '../sluice.ts';
import { holdPipeline, registerFleet } from './fleet.ts';
import { type Loads, send } from './loads.ts';
import { type Outcomes, outcomesOf, untilProcessed } from './outcomes.ts';
import type { PipelineScenario } from './scenarios.ts';

/** One run of a scenario, on a server of its own. Seconds are from the first message. */
export interface PipelineSample {
  readonly scenario: PipelineScenario;
  readonly messages: number;
  /** Until the last one was acknowledged. */
  readonly acknowledgedSeconds: number;
  /** Until the last one was processed; for a pipeline that was held, since it went on. */
  readonly processedSeconds: number;
  readonly outcomes: Outcomes;
  /** Rows of the history when all was done: what was stored, asked of the file itself. */
  readonly stored: number;
  readonly ackP50Ms: number;
  readonly ackP99Ms: number;
  readonly ackMaxMs: number;
  readonly cpuSeconds: number;
  readonly anonymousBytes: number;
}

/**
 * Messages of each device that go in before anything counts: the compiler has seen the code then. In rounds with connections of their own,
 * so that it has also seen what is done once a connection: and at the first disconnection of its life V8 learns which fields change, and
 * drops the code that took them for constant.
 */
export const warmUpRounds: readonly number[] = [20, 20, 20, 20, 20, 200];

export async function measurePipeline(scenario: PipelineScenario, loads: Loads, home: string): Promise<PipelineSample> {
  mkdirSync(home);
  const broker = await startSluice({ home, core: serverCore(scenario) });
  const memory = new HighestMemory(broker.pid);
  try {
    await registerFleet(broker, scenario.mode, scenario.devices);
    await warmUp(broker, loads, scenario);
    return await measure(broker, loads, scenario, join(home, 'data', dataFiles.devices), memory);
  } finally {
    memory.stop();
    await broker.stop();
  }
}

async function warmUp(broker: SluiceBroker, loads: Loads, scenario: PipelineScenario): Promise<void> {
  const before = await outcomesOf(broker);
  for (const messages of warmUpRounds) await send(broker, loads, { ...scenario, load: '--window 20' }, messages);
  await untilProcessed(broker, scenario.devices * warmUpRounds.reduce((sum, messages) => sum + messages), before);
}

/** All its threads share one core where the load has the other; undefined where both have both. */
export function serverCore({ paced }: PipelineScenario): number | undefined {
  return paced ? brokerCore : undefined;
}

async function measure(
  broker: SluiceBroker,
  loads: Loads,
  scenario: PipelineScenario,
  file: string,
  memory: HighestMemory,
): Promise<PipelineSample> {
  const { devices, messages: ofEach, held } = scenario;
  const messages = devices * ofEach;
  const storedBefore = rowsIn(file);
  const before = await outcomesOf(broker);
  if (held) await holdPipeline(broker, 'pause');
  const cpuBefore = cpuSeconds(broker.pid);
  const began = performance.now();
  const answered = await send(broker, loads, scenario, ofEach);
  const resumed = held ? performance.now() : began;
  if (held) await holdPipeline(broker, 'resume');
  const outcomes = await untilProcessed(broker, messages, before);
  return {
    scenario,
    messages,
    acknowledgedSeconds: messages / answered.rate,
    processedSeconds: (performance.now() - resumed) / 1_000,
    outcomes,
    stored: rowsIn(file) - storedBefore,
    ackP50Ms: answered.p50,
    ackP99Ms: answered.p99,
    ackMaxMs: answered.max,
    cpuSeconds: cpuSeconds(broker.pid) - cpuBefore,
    anonymousBytes: memory.highest,
  };
}

function rowsIn(file: string): number {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    return Number(database.prepare('SELECT count(*) AS rows FROM history').get()?.rows);
  } finally {
    database.close();
  }
}

/** Looks at the anonymous memory of a process ten times a second. */
class HighestMemory {
  highest = 0;
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number) {
    this.#timer = setInterval(() => {
      this.highest = Math.max(this.highest, anonymousBytes(pid));
    }, 100);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
