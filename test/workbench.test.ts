import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { connectAsync } from 'mqtt';
import { Program } from './clients/program.ts';
import { startServer } from './server.ts';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** Reads two bytes; the faulty one knows only half of what devices send. */
const codec = (test: string): string => `
function decodeUplink(input) {
  if (${test}) return { errors: ['unknown kind ' + input.bytes[0]] };
  return { data: { t: input.bytes[1] } };
}`;

test('dead letters are looked at byte by byte, tried with a driver that is not in use yet, and replayed when it is', async (t) => {
  const server = await startServer(t);
  const cli = async (...args: string[]): Promise<string> => {
    const run = new Program(process.execPath, [main, ...args, '--url', server.httpUrl]);
    const { code, stdout, stderr } = await run.ended;
    assert.equal(code, 0, `${args.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  };
  await server.api('PUT', '/v1/device-types/probe', { mode: 'inline' });
  await server.api('PUT', '/v1/devices/p1', { type: 'probe', firmwareVersion: '1.0.0' });
  const put = (version: string, firmware: string, script: string): Promise<unknown> =>
    server.api('PUT', `/v1/drivers/probe/${version}`, { deviceType: 'probe', firmware, script });
  await put('1.0.0', '*', codec('input.bytes[0] !== 1'));
  const send = (id: string, time: number, bytes: number[]): Promise<Response> =>
    fetch(`${server.httpUrl}/v1/devices/p1/telemetry`, {
      method: 'POST',
      headers: {
        'content-type': 'application/octet-stream',
        'sluice-message-id': id,
        'sluice-time': String(time),
      },
      body: Uint8Array.from(bytes),
    });
  const now = Date.now();
  assert.equal((await send('old', now - 9_000, [2, 20])).ok, false);
  assert.equal((await send('odd', now - 8_000, [3, 65])).ok, false);
  assert.equal((await send('good', now - 1_000, [1, 21])).status, 200);

  const { groups } = await server.api<{ groups: { fingerprint: string; count: number; perHour: number[] }[] }>(
    'GET',
    '/v1/dead-letters',
  );
  assert.deepEqual(
    groups.map(({ count, perHour }) => [count, perHour.at(-1), perHour.length]),
    [[2, 2, 24]],
  );
  const shown = await cli('dead', 'inspect', '2');
  assert.match(shown, /0000 {2}03 41 {44}\.A$/m);
  assert.match(shown, /unknown kind 3/);

  // For a firmware that no device has: it decodes nothing yet.
  await put('2.0.0', '>=9', codec('input.bytes[0] > 2'));
  const tried = await cli('dead', 'try', '--fingerprint', groups[0].fingerprint, '--driver', 'probe@2.0.0');
  assert.match(tried, /^Tried 2 messages: (1 stale, 1 rejected:driver_failed|1 rejected:driver_failed, 1 stale)\.$/m);
  assert.match(tried, /\{"t":20\}/);
  assert.match(await cli('dead', 'try'), /^Tried 2 messages: 2 rejected:driver_failed\.$/m);
  assert.match(await cli('dead', 'inspect', '1', '--driver', 'probe@2.0.0'), /\{"t":20\}/);
  const unknown = new Program(process.execPath, [
    main,
    'dead',
    'try',
    '--driver',
    'probe@3.0.0',
    '--url',
    server.httpUrl,
  ]);
  assert.match((await unknown.ended).stderr, /of this driver there is 1\.0\.0, 2\.0\.0/);

  await put('1.1.0', '*', codec('input.bytes[0] > 2'));
  await cli('dead', 'replay', '--fingerprint', groups[0].fingerprint);
  const left = async (): Promise<number> =>
    (await server.api<{ groups: { count: number }[] }>('GET', '/v1/dead-letters')).groups.reduce(
      (sum, { count }) => sum + count,
      0,
    );
  const { rows } = await untilRows(2, () => server.api('GET', '/v1/devices/p1/history'));
  assert.deepEqual(
    rows.map(({ messageId, outcome }) => [messageId, outcome]),
    [
      ['good', 'applied'],
      ['old', 'stale'],
    ],
  );
  // The one that stays unreadable has died once more.
  while ((await left()) !== 1) await fetch(`${server.httpUrl}/v1/queues/ingest/stats`);
});

interface Row {
  readonly messageId: string;
  readonly outcome: string;
}

async function untilRows(count: number, read: () => Promise<{ rows: Row[] }>): Promise<{ rows: Row[] }> {
  for (;;) {
    const page = await read();
    if (page.rows.length >= count) return page;
  }
}

test('a message whose time ran out in the ingest queue is a dead letter to look at, to try and to replay', async (t) => {
  const server = await startServer(t);
  await server.api('PUT', '/v1/device-types/probe', { mode: 'queued' });
  await server.api('PUT', '/v1/devices/p1', { type: 'probe' });
  await server.api('POST', '/v1/queues/ingest/pause');
  const client = await connectAsync(server.mqttUrl, { protocolVersion: 5, reconnectPeriod: 0 });
  t.after(() => client.endAsync(true));
  const send = (id: string, messageExpiryInterval: number): Promise<unknown> => {
    const properties = { messageExpiryInterval, userProperties: { 'sluice-message-id': id } };
    return client.publishAsync('devices/p1/telemetry', `{"${id}":1}`, { qos: 1, properties });
  };
  await send('short', 1);
  await send('long', 3_600);

  interface Groups {
    readonly groups: readonly { fingerprint: string; code: string; count: number; sampleSequence: number }[];
    readonly closed?: readonly { readonly code: string; readonly left: { readonly replayed: number } }[];
  }
  const dead = (): Promise<Groups> => server.api('GET', '/v1/dead-letters');
  let groups = (await dead()).groups;
  while (groups.length === 0) groups = (await dead()).groups;
  const [{ fingerprint, code, count, sampleSequence }] = groups;
  assert.deepEqual([groups.length, code, count], [1, 'expired', 1]);
  const { message, now } = await server.api<{
    message: { payload: string; death: { code: string; queue: string } };
    now: { now: string; messageId: string };
  }>('GET', `/v1/dead-letters/messages/${sampleSequence}`);
  assert.deepEqual([message.payload, message.death.code, message.death.queue], ['{"short":1}', 'expired', 'ingest']);
  assert.deepEqual([now.now, now.messageId], ['applied', 'short']);

  await server.api('POST', '/v1/dead-letters/replay', {
    fingerprint,
    // Its own time is over: with that it would end as it did before.
    edit: { expirySeconds: null },
    waitSeconds: 10,
  });
  await server.api('POST', '/v1/queues/ingest/resume');
  const status = async (id: string): Promise<string> =>
    (await server.api<{ status: string }>('GET', `/v1/devices/p1/messages/${id}`)).status;
  for (const id of ['short', 'long']) while ((await status(id)) === 'waiting') await dead();
  assert.deepEqual([await status('short'), await status('long')], ['processed', 'processed']);
  const after = await dead();
  assert.deepEqual(
    [after.groups, after.closed?.map((group) => [group.code, group.left.replayed])],
    [[], [['expired', 1]]],
  );
});
