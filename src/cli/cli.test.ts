import assert from 'node:assert/strict';
import { test } from 'node:test';
import { packageVersion } from '../std/package-version.ts';
import { root } from './cli.ts';
import type { Command } from './command.ts';
import { run, runAgainst } from './testing/fake-server.ts';

const every = (command: Command, path: string[] = []): string[][] => [
  path,
  ...command.commands.flatMap((each) => every(each, [...path, each.name])),
];

for (const path of every(root)) {
  test(`"sluice ${path.join(' ')}" has help that names all its options and commands, and a version`, async () => {
    const { status, out } = await run([...path, '--help']);
    assert.equal(status, 0);
    assert.ok(out.includes(`Usage: ${['sluice', ...path].join(' ')}`), out);
    const command = path.reduce((at, name) => at.commands.find((each) => each.name === name) as Command, root);
    for (const name of Object.keys(command.options)) assert.ok(out.includes(`--${name}`), `--${name} in ${out}`);
    for (const { name } of command.commands) assert.ok(out.includes(`\n  ${name} `), `${name} in ${out}`);
    assert.deepEqual(await run([...path, '--version']), { status: 0, out: packageVersion(), err: '' });
  });
}

test('"sluice help" is another way to say --help, for a command too', async () => {
  assert.deepEqual(await run(['help']), await run(['--help']));
  assert.deepEqual(await run(['help', 'queue', 'create']), await run(['queue', 'create', '--help']));
});

test('help of device type set and start says what can be set', async () => {
  const { out } = await run(['device', 'type', 'set', '--help']);
  for (const value of ['inline', 'queued', 'enforce', 'warn', 'off']) assert.ok(out.includes(`${value}:`), value);
  assert.match((await run(['start', '--help'])).out, /docs\/reference\/configuration\.md/);
});

test('a wrong call ends with status 2, the mistake and the usage on standard error', async () => {
  assert.deepEqual(await run(['queue', 'shwo', 'x']), {
    status: 2,
    out: '',
    err: 'Unknown command "shwo"; did you mean "show"?\nUsage: sluice COMMAND\nHelp:  sluice --help',
  });
  const missing = await run(['queue', 'show']);
  assert.equal(missing.status, 2);
  assert.match(missing.err, /^Cannot go on without QUEUE: expected the name of a queue\nUsage: sluice queue show/);
  assert.equal((await run([])).status, 2);
  assert.equal((await run(['queue'])).status, 2);
});

test('a problem of the server is one sentence on standard error and status 1', async () => {
  const problem = { title: 'The queue does not exist', status: 404, detail: 'No queue "x"', code: 'queue_not_found' };
  const answers = { 'GET /v1/queues/x': { status: 404, body: problem, type: 'application/problem+json' } };
  const { status, out, err } = await runAgainst(answers, ['queue', 'show', 'x']);
  assert.deepEqual({ status, out, err }, { status: 1, out: '', err: 'No queue "x" (queue_not_found)' });
});

test('an answer that is no problem document is told by its status', async () => {
  const answers = { 'GET /v1/queues': { status: 502, body: '<html>', type: 'text/html' } };
  const { status, err } = await runAgainst(answers, ['queue', 'list']);
  assert.deepEqual({ status, err }, { status: 1, err: 'The server answered with status 502' });
});

test('a server that is not there is told with what to do', async () => {
  const { status, err } = await run(['queue', 'list', '--url', 'http://127.0.0.1:1']);
  assert.equal(status, 1);
  assert.match(err, /^Cannot reach http:\/\/127\.0\.0\.1:1: /);
});

test('the token goes along as a bearer token, from the flag or the environment', async () => {
  const answers = { 'GET /v1/queues': { body: { queues: [] } } };
  const fromFlag = await runAgainst(answers, ['queue', 'list', '--token', 'abc']);
  assert.equal(fromFlag.seen[0].authorization, 'Bearer abc');
  const fromEnvironment = await runAgainst(answers, ['queue', 'list'], { env: { SLUICE_TOKEN: 'def' } });
  assert.equal(fromEnvironment.seen[0].authorization, 'Bearer def');
  assert.equal((await runAgainst(answers, ['queue', 'list'])).seen[0].authorization, undefined);
});
