import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { run, runAgainst } from '../testing/fake-server.ts';

let cwd = '';
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'sluice-cli-'));
  await run(['driver', 'new', 'th'], { cwd });
});
afterEach(() => rm(cwd, { recursive: true }));

test('a message of the history is kept with its reading, and driver test runs it', async () => {
  const raw = { payload: Buffer.from('00e6', 'hex').toString('base64'), encoding: 'base64', fPort: 2 };
  const body = { processed: { raw }, rows: [{ data: { temperature: 23 } }] };
  const argv = ['driver', 'keep', 'th', '--device', 'd1', '--message', 'm1'];
  const { status } = await runAgainst({ 'GET /v1/devices/d1/messages/m1': { body } }, argv, { cwd });
  assert.equal(status, 0);
  const output = { data: { temperature: 23 } };
  assert.deepEqual(await lastExample(), { description: 'message m1 of d1', fPort: 2, bytes: '00e6', output });
  assert.match((await run(['driver', 'test', 'th'], { cwd })).out, /3 of 3 examples as expected/);
});

test('a dead letter is kept with what is wrong with it now', async () => {
  const properties = { userProperties: [['sluice-fport', '7']] };
  const body = {
    message: { payload: '{', encoding: 'utf8', properties },
    now: { readings: [], error: { reason: 'Expected 2 bytes' } },
  };
  const answers = { 'GET /v1/dead-letters/messages/5': { body } };
  await runAgainst(answers, ['driver', 'keep', 'th', '--dead', '5'], { cwd });
  const output = { errors: ['Expected 2 bytes'] };
  assert.deepEqual(await lastExample(), { description: 'dead letter 5', fPort: 7, bytes: '7b', output });
});

test('what was normalised is kept as that, of the history and of a dead letter, and driver test runs it so', async () => {
  const script = `
    function decodeUplink(input) { return { data: { raw: input.bytes[0] } }; }
    function normalizeUplink(input) { return { data: [{ air: { temperature: input.data.raw } }, { soil: { moisture: 5 } }] }; }`;
  const folder = join(cwd, 'th');
  const manifest = { id: 'th', version: '1.0.0', deviceType: 'th' };
  await writeFile(join(folder, 'codec.js'), script);
  await writeFile(join(folder, 'driver.json'), JSON.stringify(manifest));
  const rows = [{ data: { air: { temperature: 7 } } }, { data: { soil: { moisture: 5 } } }];
  const raw = { payload: Buffer.from('07', 'hex').toString('base64'), encoding: 'base64', fPort: 2 };
  const answers = {
    'GET /v1/devices/d1/messages/m1': { body: { processed: { raw }, rows } },
    'GET /v1/dead-letters/messages/5': { body: { message: raw, now: { deviceId: 'd1', readings: rows } } },
    'GET /v1/devices/d1': { body: { type: 'th' } },
    'GET /v1/device-types/th': { body: { readings: 'normalized' } },
  };
  await runAgainst(answers, ['driver', 'keep', 'th', '--device', 'd1', '--message', 'm1'], { cwd });
  const output = { data: rows.map(({ data }) => data) };
  const kept = { description: 'message m1 of d1', call: 'normalizeUplink', fPort: 2, bytes: '07', output };
  assert.deepEqual(await lastExample(), kept);
  await runAgainst(answers, ['driver', 'keep', 'th', '--dead', '5'], { cwd });
  assert.match((await run(['driver', 'test', 'th'], { cwd })).out, /2 of 2 examples as expected/);
});

test('a message of another device type is not kept', async () => {
  const message = { payload: '{', encoding: 'utf8' };
  const answers = {
    'GET /v1/dead-letters/messages/5': { body: { message, now: { deviceId: 'd1', readings: [] } } },
    'GET /v1/devices/d1': { body: { type: 'am107' } },
  };
  const { status, err } = await runAgainst(answers, ['driver', 'keep', 'th', '--dead', '5'], { cwd });
  assert.equal(status, 1);
  assert.match(
    err,
    /for device type "th" by its driver\.json, and "d1" is a "am107"; .* write "deviceType": "am107" there/,
  );
  assert.match((await run(['driver', 'test', 'th'], { cwd })).out, /2 of 2 examples as expected/);
});

test('inside the folder of a driver it needs no name, says which file it wrote, and elsewhere it writes nothing', async () => {
  const message = { payload: '{', encoding: 'utf8' };
  const answers = { 'GET /v1/dead-letters/messages/5': { body: { message, now: { deviceId: '', readings: [] } } } };
  const argv = ['driver', 'keep', '--dead', '5'];
  const inside = await runAgainst(answers, argv, { cwd: join(cwd, 'th') });
  assert.deepEqual([inside.status, inside.out], [0, `Kept "dead letter 5" in ${join(cwd, 'th', 'driver.json')}.`]);
  assert.deepEqual(await lastExample(), { description: 'dead letter 5', bytes: '7b', output: { messages: [] } });
  const outside = await runAgainst(answers, argv, { cwd });
  assert.deepEqual([outside.status, outside.seen.length], [2, 0]);
  assert.match(outside.err, /^Give FOLDER, or run this inside the folder of a driver: .* has no driver\.json/);
  assert.deepEqual(await readdir(cwd), ['th']);
});

test('a message whose bytes are gone is not kept, and what to keep has to be named', async () => {
  const argv = ['driver', 'keep', 'th', '--device', 'd1', '--message', 'm1'];
  const gone = await runAgainst({ 'GET /v1/devices/d1/messages/m1': { body: { rows: [] } } }, argv, { cwd });
  assert.deepEqual([gone.status, gone.err], [1, 'Cannot keep message "m1": its bytes are not there (any more)']);
  assert.equal((await run(['driver', 'keep', 'th', '--device', 'd1'], { cwd })).status, 2);
});

async function lastExample(): Promise<unknown> {
  return JSON.parse(await readFile(join(cwd, 'th', 'driver.json'), 'utf8')).examples.at(-1);
}
