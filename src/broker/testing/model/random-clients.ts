import type { Random } from '../../../std/testing/random.ts';
import { answer, answerWhatWasNotAsked, complete } from './act-acknowledge.ts';
import { connect, disconnect } from './act-connect.ts';
import { publish, publishAndLoseConnection, release } from './act-publish.ts';
import { crash, stop } from './act-server.ts';
import { drain, ping, stick } from './act-socket.ts';
import { subscribe, unsubscribe } from './act-subscribe.ts';
import type { ModelClient } from './model-client.ts';
import { Scene } from './scene.ts';

type Act = (scene: Scene, client: ModelClient) => void | Promise<void>;

/** What a connected client does, and how often, and what the world does meanwhile. */
const acts: readonly (readonly [weight: number, act: Act])[] = [
  [5, subscribe],
  [2, unsubscribe],
  [20, publish],
  [3, publishAndLoseConnection],
  [5, release],
  [20, answer],
  [8, complete],
  [1, answerWhatWasNotAsked],
  [2, ping],
  [3, disconnect],
  [3, (scene, client) => scene.cut(client)],
  [2, connect],
  [2, stick],
  [3, drain],
  [4, (scene) => scene.advance(scene.random.pick([700, 4_000, 31_000, 200_000]))],
  [1, crash],
  [0.5, stop],
];

const traceShown = 40;

/**
 * One seed is one run of clients that do what clients do, in any order, against the broker and against the reference: after
 * each act every client has got exactly what the reference says.
 */
export async function runRandomClients(random: Random, steps: number): Promise<void> {
  const scene = new Scene(random);
  try {
    for (let step = 0; step < steps; step++) await runStep(scene);
  } catch (problem) {
    const trace = scene.trace.slice(-traceShown).join('\n');
    throw new Error(`${(problem as Error).message}\n${trace}`, { cause: problem });
  } finally {
    await scene.world.close();
  }
}

async function runStep(scene: Scene): Promise<void> {
  const { random } = scene;
  await scene.advance(1);
  const client = random.pick(scene.clients);
  if (client.isConnected) await random.choose(acts)(scene, client);
  else if (random.chance(60)) await connect(scene, client);
  await scene.check();
}
