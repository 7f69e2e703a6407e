import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Ledger } from '../../src/cli/demo/ledger.ts';
import { MqttSender } from '../../src/cli/demo/mqtt-sender.ts';
import { bringDriver, type Credentials } from '../../src/cli/demo/registration.ts';
import { sendAll } from '../../src/cli/demo/sender.ts';
import { readFacts } from '../../src/cli/demo/server-facts.ts';
import { Random } from '../../src/std/testing/random.ts';
import { addsUp, type ChaosAccount, drawChaosAccount } from './chaos-account.ts';
import { ChaosServer } from './chaos-server.ts';
import { type Disturbances, describeTypes, Saboteur } from './saboteur.ts';
import { type ChaosDevice, chaosTraffic, codec, type FatedShipment, highestAtFirst } from './traffic.ts';

const devices: readonly ChaosDevice[] = [
  { id: 'json-1', type: 'chaos-json', version: 4 },
  { id: 'json-2', type: 'chaos-json', version: 5 },
  { id: 'json-3', type: 'chaos-json', version: 5 },
  { id: 'codec-1', type: 'chaos-codec', version: 5 },
  { id: 'codec-2', type: 'chaos-codec', version: 5 },
];
const messagesOfEach = 60;
/**
 * A run that takes longer has got stuck. Most take seconds; one of whose messages many loop waits for their driver, which is set aside for
 * up to a minute each time.
 */
const runMsMax = 300_000;

export interface ChaosResult {
  readonly seed: number;
  readonly account: ChaosAccount;
  readonly disturbances: Disturbances;
  readonly passed: boolean;
}

/** One seed is one story: what the devices send, and when what happens to the server. The times are the machine's. */
export async function chaosRun(seed: number): Promise<ChaosResult> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-chaos-'));
  const server = new ChaosServer(folder);
  const late = AbortSignal.timeout(runMsMax);
  try {
    const story = tell(seed, server);
    const stuck = new Promise<never>((_, reject) => {
      late.addEventListener('abort', async () => {
        const state = await stateOf(server).catch(String);
        reject(new Error(`Seed ${seed}: the run took longer than ${runMsMax} ms; ${state}`));
      });
    });
    return await Promise.race([story, stuck]);
  } finally {
    await server.end();
    rmSync(folder, { recursive: true });
  }
}

async function tell(seed: number, server: ChaosServer): Promise<ChaosResult> {
  const random = new Random(seed);
  await server.start();
  await describeTypes(server.api, 'queued', highestAtFirst);
  await bringDriver(server.api, { id: 'chaos', version: '1.0.0', deviceType: 'chaos-codec', script: codec });
  const shipments: FatedShipment[] = [];
  const senders: MqttSender[] = [];
  const sending: Promise<void>[] = [];
  const traffic = devices.map((device) => chaosTraffic(device, random, messagesOfEach));
  const ledger = new Ledger(traffic.flat());
  for (const [at, device] of devices.entries()) {
    await server.api.put(`/v1/devices/${device.id}`, { type: device.type });
    const credentials = await server.api.post<Credentials>(`/v1/devices/${device.id}/credentials`);
    const sender = new MqttSender(server.mqttPort, device.version, credentials, () => {
      ledger.resent++;
    });
    senders.push(sender);
    shipments.push(...traffic[at]);
    sending.push(sendAll(sender, traffic[at], ledger));
  }
  let sent = false;
  const saboteur = new Saboteur(server, random);
  const sabotage = saboteur.work(() => sent);
  await Promise.all(sending);
  sent = true;
  await sabotage;
  for (const sender of senders) await sender.stop();
  await untilEmpty(server);
  const ids = devices.map(({ id }) => id);
  const account = drawChaosAccount(shipments, await readFacts(server.api, ids));
  await server.stop();
  return { seed, account, disturbances: saboteur.done, passed: addsUp(account) };
}

/** Where it hangs. */
async function stateOf(server: ChaosServer): Promise<string> {
  const stats = await server.api.get('/v1/queues/ingest/stats');
  return `the ingest queue has ${JSON.stringify(stats)}`;
}

async function untilEmpty(server: ChaosServer): Promise<void> {
  for (;;) {
    const { ready, leased, scheduled } = await server.api.get<Record<string, number>>('/v1/queues/ingest/stats');
    if (ready + leased + scheduled === 0) return;
    await wait(20);
  }
}
