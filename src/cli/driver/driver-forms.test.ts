import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { run, runAgainst } from '../testing/fake-server.ts';

let cwd = '';
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'sluice-cli-'));
});
afterEach(() => rm(cwd, { recursive: true }));

const sensors = Array.from({ length: 20 }, (_, at) => `no sensor at ${at}`);

const script = `function decodeUplink(input) {
  if (input.fPort !== 10) return { errors: ['unknown FPort'] };
  if (input.bytes.length === 0) return { warnings: ['empty'] };
  if (input.bytes.length > 2) return { data: [input.bytes.length, { last: input.bytes[2] }] };
  return { data: { level: input.bytes[0] / 2, at: input.recvTime.toISOString(), text: undefined } };
}`;

test('driver test reads a codec description of The Things Stack with its examples', async () => {
  await files({
    'tank.js': script,
    'tank-codec.yaml': `
uplinkDecoder:
  fileName: tank.js
  examples:
    - description: Half full
      input: &half
        fPort: 10
        bytes: [0x64, 07]
        recvTime: '2020-08-02T15:00:00.123456789Z'
      output:
        data: { level: 50, at: '2020-08-02T15:00:00.123456789Z', text: null }
      normalizedOutput:
        data: []
    - description: Unknown port
      input:
        fPort: '42'
        bytes: []
      output:
        errors: unknown FPort
    - description: Nothing in it
      input: { fPort: 10, bytes: [] }
      output: { warnings: [empty], errors: [] }
    - description: List
      input: { fPort: 10, bytes: [1, 2, 3] }
      output: { data: [3, { last: 3 }] }
    - description: Wrong
      input:
        <<: *half
      output: { data: { level: 51 } }
downlinkEncoder:
  fileName: tank.js
  examples:
    - description: Restart
      input: { data: { restart: true } }
      output: { bytes: [1], fPort: 10 }
`,
  });
  const { status, out } = await run(['driver', 'test', 'tank-codec.yaml'], { cwd });
  assert.deepEqual(out.split('\n'), [
    'ok      Half full',
    'ok      Unknown port',
    'ok      Nothing in it',
    'ok      List',
    'failed  Wrong',
    '  expected [{"data":{"level":51}}]',
    '  met      [{"data":{"level":50,"at":"2020-08-02T15:00:00.123Z","text":null}}]',
    'Not run: 1 examples of the way down.',
    'Not run: normalizeUplink, for 1 of the examples.',
    'Driver tank 0.0.0: 4 of 5 examples as expected.',
  ]);
  assert.equal(status, 1);
});

test('driver test judges what a codec says, whatever is kept of it or told besides', async () => {
  await files({
    'said.js': `function decodeUplink(input) {
      var many = []; for (var k = 0; k < 20; k++) many.push('no sensor at ' + k);
      switch (input.fPort) {
        case 1: return { data: undefined, warnings: [], errors: [] };
        case 2: return { data: { t: 0 / 0 }, warnings: [] };
        case 3: return { data: { t: 1 }, warnings: many };
        case 4: return { data: {}, errors: [many.join(', '), many.join(' and ')] };
        default: return { data: { t: 1 }, warnings: ['low battery'] };
      }
    }`,
    'said-codec.yaml': `
uplinkDecoder:
  fileName: said.js
  examples:
    - { description: nothing, input: { fPort: 1, bytes: [] }, output: { data: null, warnings: [], errors: [] } }
    - { description: no number, input: { fPort: 2, bytes: [] }, output: { data: { t: null }, warnings: [] } }
    - { description: many, input: { fPort: 3, bytes: [] }, output: { data: { t: 1 }, warnings: [${sensors.map((text) => `"${text}"`)}] } }
    - { description: long, input: { fPort: 4, bytes: [] }, output: { errors: ["${sensors.join(', ')}", "${sensors.join(' and ')}"] } }
    - { description: other, input: { fPort: 4, bytes: [] }, output: { errors: ["${sensors.join(', ')}", "other"] } }
    - { description: none, input: { fPort: 5, bytes: [] }, output: { data: { t: 1 }, warnings: [] } }
`,
  });
  const { out } = await run(['driver', 'test', 'said-codec.yaml'], { cwd });
  const judged = out.split('\n').filter((line) => /^(ok|failed) /.test(line));
  assert.deepEqual(judged, [
    'ok      nothing',
    'ok      no number',
    'ok      many',
    'ok      long',
    'failed  other',
    'failed  none',
  ]);
});

test('driver test reads a test of ChirpStack, which is a script more than it is JSON', async () => {
  await files({
    'tank.js': script,
    'test_decode_tank.json': `[
  {
    "name": "https://half.full", // half full
    "input": { "fPort": 0x0a, "bytes": [0x64], "recvTime": "1970-01-01T00:00:00Z" },
    "expected": { "data": { "level": 50, "at": "1970-01-01T00:00:00.000Z", "text": null } }
  }
]`,
  });
  const { status, out } = await run(['driver', 'test', 'test_decode_tank.json'], { cwd });
  assert.deepEqual([status, out.split('\n')[0]], [0, 'ok      https://half.full']);
});

test('driver test reads a folder of the Payload Codec API', async () => {
  await files({
    'lib.js': `${script}\nexports.decodeUplink = decodeUplink;`,
    'package.json': JSON.stringify({ name: '@maker/tank', version: '2.1.0', main: 'lib.js' }),
    'examples.json': JSON.stringify([
      { type: 'uplink', description: 'Other', input: { fPort: 1, bytes: '64' }, output: { errors: ['unknown FPort'] } },
      { type: 'downlink-encode', description: 'Restart', input: { data: {} }, output: { bytes: '01', fPort: 10 } },
    ]),
  });
  const { status, out } = await run(['driver', 'test', '.'], { cwd });
  assert.deepEqual(
    [status, out],
    [0, 'ok      Other\nNot run: 1 examples of the way down.\nDriver maker-tank 2.1.0: 1 of 1 examples as expected.'],
  );
});

test('driver test runs the examples of a built-in driver', async () => {
  for (const id of ['json', 'senml', 'digital-matter-oyster']) {
    const { status, out } = await run(['driver', 'test', id], { cwd });
    assert.deepEqual([status, /^Driver .*: (\d+) of \1 examples as expected\.$/m.test(out)], [0, true], out);
  }
});

test('driver test runs what a server has on the examples that are here', async () => {
  await run(['driver', 'new', 'th'], { cwd });
  const served = { script: "function decodeUplink() { return { errors: ['Expected 2 bytes'] } }" };
  const argv = ['driver', 'test', 'th', '--served', '0.9.0'];
  const { status, out } = await runAgainst({ 'GET /v1/drivers/th/0.9.0': { body: served } }, argv, { cwd });
  assert.equal(status, 1);
  assert.match(out, /^ok {6}cut off$/m);
  assert.match(out, /^Driver th 0\.9\.0: 1 of 2 examples as expected\.$/m);
});

test('driver test fails examples that say too little, and runs those beside them', async () => {
  await files({
    'tank.js': script,
    'tank-codec.yaml': `
uplinkDecoder:
  fileName: tank.js
  examples:
    - description: Not an example yet
    - input: { bytes: [256] }
      output: {}
    - { description: Neither, input: { fPort: 10, bytes: [27, 0c] }, output: {} }
    - { description: No port, input: { fPort: 256, bytes: [] }, output: {} }
    - description: Texts
      input: { fPort: 10, bytes: ["64", '0c'], recvTime: '1970-01-01T00:00:00Z' }
      output: { data: { level: 50, at: '1970-01-01T00:00:00Z', text: null } }
`,
  });
  const { status, out } = await run(['driver', 'test', 'tank-codec.yaml'], { cwd });
  assert.deepEqual(out.split('\n'), [
    'ok      Texts',
    'failed  Not an example yet',
    '  Give uplinkDecoder.examples[0] an input and an output, each an object',
    'failed  uplinkDecoder.examples[1]',
    '  Cannot use uplinkDecoder.examples[1].input.bytes: expected a list of bytes, met [256]',
    'failed  Neither',
    '  Cannot use uplinkDecoder.examples[2].input.bytes: expected a list of bytes, met [27,"0c"]',
    'failed  No port',
    '  Cannot use uplinkDecoder.examples[3].input.fPort: expected 0 to 255, met 256',
    'Driver tank 0.0.0: 1 of 5 examples as expected.',
  ]);
  assert.equal(status, 1);
});

test('driver test says what a description lacks', async () => {
  const wrong: [description: string, reason: RegExp][] = [
    ['downlinkEncoder: {}', /Name the script as uplinkDecoder\.fileName in ".*tank-codec\.yaml"/],
    ['uplinkDecoder: { fileName: none.js }', /Cannot read ".*none\.js": there is no such/],
    ['uplinkDecoder: [', /Cannot use ".*tank-codec\.yaml"/],
  ];
  for (const [description, reason] of wrong) {
    await files({ 'tank.js': script, 'tank-codec.yaml': description });
    const { status, err } = await run(['driver', 'test', 'tank-codec.yaml'], { cwd });
    assert.equal(status, 1);
    assert.match(err, reason);
  }
});

async function files(contents: Readonly<Record<string, string>>): Promise<void> {
  for (const [name, content] of Object.entries(contents)) await writeFile(join(cwd, name), content);
}
