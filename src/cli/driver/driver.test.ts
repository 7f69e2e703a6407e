import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
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

const mine = {
  id: 'mine',
  version: '1.0.0',
  deviceType: 't',
  firmware: '*',
  builtIn: false,
  setAsideFor: [],
  setAsideByWorkers: [],
};
const nothing = { firmware: [], unknownFirmware: false, givesWayTo: [], beside: [], isAlone: false };

test('driver put sends the script, and the stage where one is given', async () => {
  const answers = { 'PUT /v1/drivers/mine/1.0.0': { status: 201, body: { warnings: [], failedExamples: [] } } };
  const argv = ['driver', 'put', 'mine', '1.0.0', '--file', 'codec.js', '--device-type', 't'];
  const { out, seen } = await runAgainst(answers, argv, { cwd });
  assert.deepEqual(seen[0].body, {
    deviceType: 't',
    firmware: '*',
    script: 'function decodeUplink() {}',
    examples: [],
  });
  assert.equal(out, 'Brought in driver mine 1.0.0.');
  const staged = await runAgainst(answers, [...argv, '--stage', 'shadow'], { cwd });
  assert.deepEqual((staged.seen[0].body as { rollout: unknown }).rollout, { stage: 'shadow', share: 0.1 });
});

test('driver put takes the script that a codec description of The Things Stack names', async () => {
  await writeFile(join(cwd, 'probe-codec.yaml'), 'uplinkDecoder:\n  fileName: codec.js\n');
  const answers = { 'PUT /v1/drivers/mine/1.0.0': { status: 201, body: { warnings: [], failedExamples: [] } } };
  const argv = ['driver', 'put', 'mine', '1.0.0', '--file', 'probe-codec.yaml', '--device-type', 't'];
  const { seen } = await runAgainst(answers, argv, { cwd });
  assert.deepEqual(seen[0].body, {
    deviceType: 't',
    firmware: '*',
    script: 'function decodeUplink() {}',
    examples: [],
  });
});

test('driver put knows from driver.json what a driver is for, of a folder and of a script in one, and options go first', async () => {
  const manifest = { id: 'mine', version: '1.0.0', deviceType: 'meter', firmware: '>=2 <3' };
  await mkdir(join(cwd, 'described'));
  await writeFile(join(cwd, 'described', 'driver.json'), JSON.stringify(manifest));
  await writeFile(join(cwd, 'described', 'codec.js'), 'function decodeUplink() {}');
  const answers = { 'PUT /v1/drivers/mine/1.0.0': { status: 201, body: { warnings: [], failedExamples: [] } } };
  const purposeOf = async (...more: readonly string[]): Promise<readonly unknown[]> => {
    const { seen } = await runAgainst(answers, ['driver', 'put', 'mine', '1.0.0', '--file', ...more], { cwd });
    const { deviceType, firmware } = seen[0].body as { deviceType: string; firmware: string };
    return [deviceType, firmware];
  };
  assert.deepEqual(await purposeOf('described'), ['meter', '>=2 <3']);
  assert.deepEqual(await purposeOf('described/codec.js'), ['meter', '>=2 <3']);
  assert.deepEqual(await purposeOf('described', '--device-type', 'other', '--firmware', '*'), ['other', '*']);
  const undescribed = await runAgainst(answers, ['driver', 'put', 'mine', '1.0.0', '--file', 'codec.js'], { cwd });
  assert.equal(undescribed.status, 2);
  assert.match(undescribed.err, /Give --device-type: no driver\.json says it for "codec\.js"/);
});

test('driver put sends the examples beside the script, and shows those that the server found to fail', async () => {
  const examples = [{ description: 'half full', bytes: '08', output: { data: { level: 4 } } }];
  const manifest = { id: 'mine', version: '1.0.0', deviceType: 't', examples };
  await mkdir(join(cwd, 'mine'));
  await writeFile(join(cwd, 'mine', 'driver.json'), JSON.stringify(manifest));
  await writeFile(join(cwd, 'mine', 'codec.js'), 'function decodeUplink() {}');
  const failed = [{ description: 'half full', ok: false, expected: [{ data: { level: 4 } }], met: [] }];
  const problem = { status: 400, body: { code: 'invalid_argument', detail: 'Mend it', failedExamples: failed } };
  const argv = ['driver', 'put', 'mine', '1.0.0', '--file', 'mine/codec.js', '--device-type', 't'];
  const refused = await runAgainst({ 'PUT /v1/drivers/mine/1.0.0': problem }, argv, { cwd });
  const shown = 'failed  half full\n  expected [{"data":{"level":4}}]\n  met      []';
  const why = 'Mend the driver or its examples, or give --force: nothing was brought in';
  assert.deepEqual([refused.status, refused.err], [1, `${shown}\n${why}`]);
  assert.deepEqual((refused.seen[0].body as { examples: unknown }).examples, examples);
  const taken = { status: 201, body: { warnings: [], failedExamples: failed } };
  const forced = await runAgainst({ 'PUT /v1/drivers/mine/1.0.0': taken }, [...argv, '--force'], { cwd });
  assert.deepEqual([forced.status, forced.err], [0, shown]);
  assert.equal(forced.seen[0].url, '/v1/drivers/mine/1.0.0?acceptFailingExamples=true');
});

test('driver put tells the server of an example that says too little, which judges it as one that fails', async () => {
  await writeFile(
    join(cwd, 'little-codec.yaml'),
    'uplinkDecoder:\n  fileName: codec.js\n  examples:\n    - description: Later\n',
  );
  const argv = ['driver', 'put', 'mine', '1.0.0', '--file', 'little-codec.yaml', '--device-type', 't'];
  const failedExamples = [{ description: 'Later', ok: false, problem: 'It says too little' }];
  const answers = { 'PUT /v1/drivers/mine/1.0.0': { status: 400, body: { code: 'invalid_argument', failedExamples } } };
  const { status, err, seen } = await runAgainst(answers, argv, { cwd });
  assert.equal(status, 1);
  assert.deepEqual(
    seen.map(({ method }) => method),
    ['PUT'],
  );
  const [{ description, problem }] = (seen[0].body as { unusableExamples: Record<string, string>[] }).unusableExamples;
  assert.deepEqual([description, typeof problem], ['Later', 'string']);
  assert.match(err, /failed {2}Later/);
});

test("driver list says which firmware each version decodes, one's own first and of those built in the rivals", async () => {
  const active = { stage: 'active', share: 1 };
  const drivers = [
    { ...mine, rollout: active, serves: { ...nothing, givesWayTo: [{ ...mine, version: '1.1.0' }] } },
    {
      ...mine,
      version: '1.1.0',
      rollout: active,
      serves: { ...nothing, firmware: ['<2', '>=3'], unknownFirmware: true },
    },
    {
      ...mine,
      version: '2.0.0',
      folder: '/etc/sluice/drivers/mine',
      rollout: { stage: 'canary', share: 0.25 },
      serves: { ...nothing, firmware: ['>=2 <3'] },
    },
    { ...mine, id: 'rival', builtIn: true, rollout: active, serves: nothing },
    {
      ...mine,
      id: 'json',
      deviceType: '*',
      builtIn: true,
      rollout: active,
      serves: { ...nothing, firmware: ['*'], unknownFirmware: true },
    },
  ];
  const { out } = await runAgainst({ 'GET /v1/drivers': { body: { drivers } } }, ['driver', 'list']);
  assert.deepEqual(
    out
      .split('\n')
      .slice(1)
      .map((line) => line.split(/ {2,}/)),
    [
      ['mine', '1.0.0', 't', '*', 'standby', 'nothing, since there is 1.1.0', 'upload'],
      ['mine', '1.1.0', 't', '*', 'active', '<2 or >=3 or unknown', 'upload'],
      ['mine', '2.0.0', 't', '*', 'canary for 25 % of devices', '>=2 <3', '/etc/sluice/drivers/mine'],
      ['rival', '1.0.0', 't', '*', 'active', 'nothing', 'sluice'],
      ["1 driver of Sluice's own is left out: see --built-in."],
    ],
  );
  const all = await runAgainst({ 'GET /v1/drivers': { body: { drivers } } }, ['driver', 'list', '--built-in']);
  assert.match(all.out, /^json +1\.0\.0 +\* +\* +active +all firmware +sluice$/m);
});

test('driver list says which drivers are set aside, by the server and by workers', async () => {
  const setAsideByWorkers = [{ worker: 'worker:w1:0a1b2c3d', deviceTypes: ['tank', 'silo'] }];
  const drivers = [
    { ...mine, rollout: { stage: 'active', share: 1 }, serves: nothing, setAsideFor: ['tank'], setAsideByWorkers },
    { ...mine, version: '2.0.0', rollout: { stage: 'off', share: 0 }, serves: nothing },
  ];
  const { out } = await runAgainst({ 'GET /v1/drivers': { body: { drivers } } }, ['driver', 'list']);
  assert.match(out, /^mine +1\.0\.0 .* active, set aside +nothing/m);
  assert.match(out, /^mine +2\.0\.0 .* off +nothing/m);
  assert.deepEqual(out.split('\n').slice(3), [
    'mine 1.0.0 is set aside for tank.',
    'mine 1.0.0 is set aside for tank, silo by worker:w1:0a1b2c3d.',
  ]);
});

test('driver show says that a driver is set aside, and for what', async () => {
  const setAsideByWorkers = [{ worker: 'worker:w1:0a1b2c3d', deviceTypes: ['tank', 'silo'] }];
  const placed = { rollout: { stage: 'active', share: 1 }, serves: nothing, setAsideFor: ['tank'], setAsideByWorkers };
  const answers = { 'GET /v1/drivers/mine/1.0.0': { body: { ...mine, ...placed, warnings: [], trial: {} } } };
  const { out } = await runAgainst(answers, ['driver', 'show', 'mine', '1.0.0']);
  assert.match(out, /^stage +active, set aside for tank, silo$/m);
});

test('driver list shows no control characters of what a worker says', async () => {
  const setAsideByWorkers = [{ worker: 'worker:w1:0a1b2c3d', deviceTypes: ['tank\u001b[2J'] }];
  const rollout = { stage: 'active', share: 1 };
  const drivers = [{ ...mine, rollout, serves: nothing, setAsideFor: [], setAsideByWorkers }];
  const { out } = await runAgainst({ 'GET /v1/drivers': { body: { drivers } } }, ['driver', 'list']);
  assert.match(out, /set aside for tank\\x1b\[2J by/);
  assert.ok(!out.includes('\u001b'));
});

test('driver put and driver rollout print what the server warns of', async () => {
  const body = { stage: 'canary', share: 0.1, warnings: ['It is alone'], failedExamples: [] };
  const answers = {
    'PUT /v1/drivers/mine/1.0.0': { status: 201, body },
    'PUT /v1/drivers/mine/1.0.0/rollout': { body },
  };
  const put = ['driver', 'put', 'mine', '1.0.0', '--file', 'codec.js', '--device-type', 't'];
  for (const argv of [put, ['driver', 'rollout', 'mine', '1.0.0', 'canary']]) {
    const { status, err } = await runAgainst(answers, argv, { cwd });
    assert.deepEqual([status, err], [0, 'Warning: It is alone.']);
  }
});

test('driver rollout sends the stage, and refuses one that it does not know', async () => {
  const answers = { 'PUT /v1/drivers/mine/1.0.0/rollout': { body: { stage: 'off', share: 0, warnings: [] } } };
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
    serves: nothing,
    warnings: [],
    script: 'function decodeUplink() {}',
    trial: { shadow: { same: 8, different: 1, failed: 0, mended: 0, dropped: 2, samples: [sample] } },
  };
  const { out } = await runAgainst({ 'GET /v1/drivers/mine/1.0.0': { body } }, ['driver', 'show', 'mine', '1.0.0']);
  for (const part of [/Turned off: 7 of 100/, /8 the same, 1 different/, /\[\{"t":2\}\]/, /function decodeUplink/]) {
    assert.match(out, part);
  }
});
