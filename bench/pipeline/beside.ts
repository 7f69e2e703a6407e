import { mkdirSync } from 'node:fs';
import { startMosquitto } from '../mosquitto.ts';
import { type Answered, type Loads, overMqtt } from './loads.ts';
import { serverCore, warmUpRounds } from './measure.ts';
import type { PipelineScenario } from './scenarios.ts';

/** Mosquitto under the load of a scenario. It acknowledges and forgets, so what it takes is what the connections, the load and the machine take. */
export async function besideMosquitto(scenario: PipelineScenario, loads: Loads, home: string): Promise<Answered> {
  mkdirSync(home);
  const broker = await startMosquitto(home, serverCore(scenario));
  try {
    for (const messages of warmUpRounds) await overMqtt(broker, loads, { ...scenario, load: '--window 20' }, messages);
    return await overMqtt(broker, loads, scenario, scenario.messages);
  } finally {
    await broker.stop();
  }
}
