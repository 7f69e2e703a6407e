import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runAgainst } from '../testing/fake-server.ts';

let cwd = '';
before(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'sluice-cli-'));
  await writeFile(join(cwd, 'codec.js'), 'function decodeUplink() {}');
});
after(() => rm(cwd, { recursive: true }));

const mine = { id: 'mine', version: '1.0.0', deviceType: 't', firmware: '*', builtIn: false };

test('driver put sends the script, and the stage where one is given', async () => {
  const answers = { 'PUT /v1/drivers/mine/1.0.0': { status: 201, body: {} } };
  const argv = ['driver', 'put', 'mine', '1.0.0', '--file', 'codec.js', '--device-type', 't'];
  const { out, seen } = await runAgainst(answers, argv, { cwd });
  assert.deepEqual(seen[0].body, { deviceType: 't', firmware: '*', script: 'function decodeUplink() {}' });
  assert.equal(out, 'Brought in driver mine 1.0.0.');
  const staged = await runAgainst(answers, [...argv, '--stage', 'shadow'], { cwd });
  assert.deepEqual((staged.seen[0].body as { rollout: unknown }).rollout, { stage: 'shadow', share: 0.1 });
});

test('driver put takes the script that a codec description of The Things Stack names', async () => {
  await writeFile(join(cwd, 'probe-codec.yaml'), 'uplinkDecoder:\n  fileName: codec.js\n');
  const answers = { 'PUT /v1/drivers/mine/1.0.0': { status: 201, body: {} } };
  const argv = ['driver', 'put', 'mine', '1.0.0', '--file', 'probe-codec.yaml', '--device-type', 't'];
  const { seen } = await runAgainst(answers, argv, { cwd });
  assert.deepEqual(seen[0].body, { deviceType: 't', firmware: '*', script: 'function decodeUplink() {}' });
});

test('driver list says how far each is rolled out', async () => {
  const drivers = [
    { ...mine, rollout: { stage: 'active', share: 1 } },
    { ...mine, version: '2.0.0', rollout: { stage: 'canary', share: 0.25 } },
  ];
  const { out } = await runAgainst({ 'GET /v1/drivers': { body: { drivers } } }, ['driver', 'list']);
  assert.match(out, /^mine +1\.0\.0 +t +\* +active +upload$/m);
  assert.match(out, /^mine +2\.0\.0 +t +\* +canary for 25 % of devices +upload$/m);
});

test('driver rollout sends the stage, and refuses one that it does not know', async () => {
  const answers = { 'PUT /v1/drivers/mine/1.0.0/rollout': { body: { stage: 'off', share: 0 } } };
  const { out, seen } = await runAgainst(answers, ['driver', 'rollout', 'mine', '1.0.0', 'off']);
  assert.deepEqual(seen[0].body, { stage: 'off', share: 0.1 });
  assert.equal(out, 'Driver mine 1.0.0 is off.');
  const wrong = await runAgainst({}, ['driver', 'rollout', 'mine', '1.0.0', 'of']);
  assert.equal(wrong.status, 2);
  assert.match(wrong.err, /Cannot use stage "of": expected active, canary, shadow, off/);
});

test('driver show prints why a canary is off, what a shadow makes otherwise, and the script', async () => {
  const sample = { deviceId: 'd1', messageId: 'm1', inUse: '[{"t":1}]', shadow: '[{"t":2}]' };
  const body = {
    ...mine,
    rollout: { stage: 'off', share: 0, reason: 'Turned off: 7 of 100 messages failed' },
    script: 'function decodeUplink() {}',
    trial: { shadow: { same: 8, different: 1, failed: 0, mended: 0, dropped: 2, samples: [sample] } },
  };
  const { out } = await runAgainst({ 'GET /v1/drivers/mine/1.0.0': { body } }, ['driver', 'show', 'mine', '1.0.0']);
  for (const part of [/Turned off: 7 of 100/, /8 the same, 1 different/, /\[\{"t":2\}\]/, /function decodeUplink/]) {
    assert.match(out, part);
  }
});
