import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { type TestContext, test } from 'node:test';
import { connectAsync } from 'mqtt';
import { runCli } from '../src/cli/cli.ts';
import { type Server, startConfigured } from './server.ts';

/** A server where loopback is no exception and everybody needs a password. */
function guardedServer(t: TestContext): Promise<Server> {
  const options = {
    mqtt: { ban: { exempt: [], failedLoginsMax: 3 } },
    access: {
      anonymous: 'never',
      users: [{ name: 'ann', password: 'ann-secret', rules: [{ action: 'all', filter: '#' }] }],
      tokens: [{ name: 'ops', token: 'ops-token-of-the-test', admin: true }],
    },
  };
  return startConfigured(t, options);
}

/** The reason code of the refusal, 0 where there is none. */
async function login(server: Server, password: string): Promise<number> {
  try {
    const client = await connectAsync(server.mqttUrl, {
      protocolVersion: 5,
      username: 'ann',
      password,
      reconnectPeriod: 0,
    });
    await client.endAsync();
    return 0;
  } catch (problem) {
    return (problem as { code: number }).code;
  }
}

async function sluice(server: Server, ...argv: string[]): Promise<string> {
  const lines: string[] = [];
  const terminal = {
    out: (line: string) => void lines.push(line),
    err: (line: string) => void lines.push(line),
    stdin: process.stdin,
    env: { SLUICE_URL: server.httpUrl, SLUICE_TOKEN: 'ops-token-of-the-test' },
    cwd: tmpdir(),
  };
  assert.equal(await runCli(argv, terminal), 0, lines.join('\n'));
  return lines.join('\n');
}

test('guessing a password ends in a ban, which the log, the metrics and the command line show, and which can be lifted', async (t) => {
  const server = await guardedServer(t);
  for (let i = 0; i < 3; i++) assert.equal(await login(server, 'wrong'), 0x87);
  assert.equal(await login(server, 'ann-secret'), 0x8a);
  assert.equal(await login(server, 'ann-secret'), 0x8a);
  const logged = server.log().filter((line) => JSON.parse(line).message === 'Banned');
  assert.equal(logged.length, 1);
  assert.match(logged[0], /"kind":"user","address":"127\.0\.0\.1","name":"ann"/);

  const { bans } = JSON.parse(await sluice(server, 'ban', 'list', '--json'));
  assert.equal(bans.length, 1);
  assert.equal(bans[0].reason, '3 failed logins');
  const metrics = await fetch(`${server.httpUrl}/metrics`, {
    headers: { authorization: 'Bearer ops-token-of-the-test' },
  }).then((response) => response.text());
  for (const line of [
    'sluice_broker_bans 1',
    'sluice_broker_connects_banned_total 2',
    'sluice_broker_connects_refused_total{reason_code="0x87"} 3',
    'sluice_broker_connects_refused_total{reason_code="0x8a"} 2',
  ]) {
    assert.ok(metrics.split('\n').includes(line), line);
  }

  await sluice(server, 'ban', 'lift', String(bans[0].id));
  assert.equal(await login(server, 'ann-secret'), 0);
});
