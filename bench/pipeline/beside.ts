import { mkdirSync } from 'node:fs';
import { mosquittoVersion, startMosquitto } from '../mosquitto.ts';
import { type Loads, overMqtt } from './loads.ts';
import { serverCore, warmUpRounds } from './measure.ts';
import type { PipelineScenario } from './scenarios.ts';

/**
 * A sentence about Mosquitto under the load of a scenario. It acknowledges and forgets, so what it takes is what the connections, the load and the machine take.
 */
export async function besideMosquitto(scenario: PipelineScenario, loads: Loads, home: string): Promise<string> {
  mkdirSync(home);
  const broker = await startMosquitto(home, serverCore(scenario));
  try {
    for (const messages of warmUpRounds) await overMqtt(broker, loads, { ...scenario, load: '--window 20' }, messages);
    const { p50, p99, max } = await overMqtt(broker, loads, scenario, scenario.messages);
    const figures = [p50, p99, max].map((ms) => ms.toFixed(1)).join(' / ');
    return `${scenario.title}: Mosquitto ${mosquittoVersion()}, which stores nothing and looks at nothing, acknowledges in ${figures} ms.`;
  } finally {
    await broker.stop();
  }
}
