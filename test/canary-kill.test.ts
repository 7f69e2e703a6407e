import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Server, startServer } from './server.ts';

interface ShownRollout {
  readonly stage: string;
  readonly share: number;
  readonly reason?: string;
}

interface Waiting {
  readonly ready: number;
  readonly leased: number;
  readonly scheduled: number;
}

const good = 'function decodeUplink(input) { return { data: { t: input.bytes[1] } } }';
const failing = 'function decodeUplink() { return { errors: ["unknown kind"] } }';
const devices = Array.from({ length: 20 }, (_, at) => `probe-${at}`);
/** How many batches are safe when the server is killed, before the canary can have failed, about then, and after. */
const killsAfter = [1, 2, 4];

test('a failing canary is on or off after kill -9, whenever that comes, and every message that was taken has an end', async (t) => {
  const server = await startServer(t);
  await server.api('PUT', '/v1/device-types/probe', { mode: 'queued' });
  for (const id of devices) await server.api('PUT', `/v1/devices/${id}`, { type: 'probe' });
  await server.api('PUT', '/v1/drivers/probe/1.0.0', { deviceType: 'probe', script: good });
  const taken: string[] = [];
  for (const [round, batches] of killsAfter.entries()) {
    const version = `1.1.${round}`;
    await bringCanary(server, version);
    for (let batch = 0; batch < batches; batch++) taken.push(...(await send(server, `${round}-${batch}`)));
    await killAndLook(server, version);
    // It is found out again, where the last life could not write it down.
    for (let batch = 0; (await rolloutOf(server, version)).stage !== 'off'; batch++) {
      taken.push(...(await send(server, `${round}-again-${batch}`)));
    }
    await killAndLook(server, version, 'off');
  }
  const off = server.logged(/A canary is turned off.*1\.2\.0/);
  await bringCanary(server, '1.2.0');
  taken.push(...(await send(server, 'last-0')), ...(await send(server, 'last-1')));
  await off;
  await killAndLook(server, '1.2.0');
  await drained(server);
  for (const message of taken) assert.match(await endOf(server, message), /^(processed|dead)$/, message);
});

function bringCanary(server: Server, version: string): Promise<unknown> {
  const rollout = { stage: 'canary', share: 0.5 };
  return server.api('PUT', `/v1/drivers/probe/${version}`, { deviceType: 'probe', script: failing, rollout });
}

async function rolloutOf(server: Server, version: string): Promise<ShownRollout> {
  return (await server.api<{ rollout: ShownRollout }>('GET', `/v1/drivers/probe/${version}`)).rollout;
}

/** A canary as it was brought, or off with the reason: nothing between. */
async function killAndLook(server: Server, version: string, expected?: 'off'): Promise<void> {
  await server.stop('SIGKILL');
  await server.start();
  const { stage, share, reason } = await rolloutOf(server, version);
  if (stage === 'canary' && expected === undefined) assert.deepEqual([share, reason], [0.5, undefined]);
  else assert.deepEqual([stage, share, /^Turned off: \d+ of/.test(reason ?? '')], ['off', 0, true]);
}

/** One message of each device; answers those that are safe. */
async function send(server: Server, name: string): Promise<string[]> {
  const items = devices.map((deviceId) => ({ deviceId, messageId: name, payload: 'AQI=', encoding: 'base64' }));
  const { results } = await server.api<{ results: { ok: boolean }[] }>('POST', '/v1/ingest', items);
  assert.ok(results.every(({ ok }) => ok));
  return devices.map((id) => `/v1/devices/${id}/messages/${name}`);
}

async function endOf(server: Server, path: string): Promise<string> {
  return (await server.api<{ status: string }>('GET', path)).status;
}

async function drained(server: Server): Promise<void> {
  for (;;) {
    const { stats } = await server.api<{ stats: Waiting }>('GET', '/v1/queues/ingest');
    if (stats.ready + stats.leased + stats.scheduled === 0) return;
  }
}
