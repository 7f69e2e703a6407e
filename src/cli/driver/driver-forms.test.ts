import assert from 'node:assert/strict';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
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

test('driver test runs what normalises, and what goes down, from a file of its own or from that of the way up', async () => {
  await files({
    'tank.js': `function decodeUplink(i) { return { data: { at: i.recvTime, cm: i.bytes[0], f: i.bytes[1] }, warnings: i.fPort === 2 ? ['old'] : [] } }
      function normalizeUplink(i) {
        if (i.data.f === 9) return { errors: ['no temperature'] };
        return { data: [{ time: i.data.at, soil: { depth: i.data.cm } }, {}, { air: { temperature: (i.data.f - 32) / 1.8 } }], warnings: ['dry'] };
      }
      function decodeDownlink(i) { return i.bytes[0] > 1 ? { errors: ['unknown'] } : { data: { on: i.bytes[0] === 1 } } }`,
    'down.js': `function encodeDownlink(input) {
      if (input.data.on === undefined) return { bytes: [], errors: ['say on or off'] };
      return { bytes: Uint8Array.of(0xff, Number(input.data.on), input.fPort || 0), fPort: 4, warnings: ['slow'] };
    }`,
    'tank-codec.yaml': `
uplinkDecoder:
  fileName: tank.js
  examples:
    - description: Both
      input: { fPort: 2, bytes: [5, 50], recvTime: 2020-08-02T15:00:00.5Z }
      output: { data: { at: 2020-08-02T15:00:00.500Z, cm: 5, f: 50 } }
      normalizedOutput:
        data:
          - { time: '2020-08-02T15:00:00.500000000Z', soil: { depth: 5 } }
          - air: { temperature: 10 }
        warnings: [dry]
    - description: Bad
      input: { fPort: 2, bytes: [5, 9] }
      output: { data: { at: 1970-01-01T00:00:00Z, cm: 5, f: 9 } }
      normalizedOutput: { errors: [no temperature] }
    - description: Wrong
      input: { fPort: 2, bytes: [5, 32] }
      output: { data: { at: 1970-01-01T00:00:00Z, cm: 5, f: 32 } }
      normalizedOutput: { data: { air: { temperature: 32 } } }
downlinkEncoder:
  fileName: down.js
  examples:
    - { description: 'On', input: { data: { on: true } }, output: { bytes: [0xff, 1, 0] } }
    - { description: 'Off', input: { data: { on: false }, fPort: 3 }, output: { bytes: [0xff, 0, 3], fPort: 4, warnings: [slow] } }
    - { description: Neither, input: { data: {} }, output: { bytes: [], errors: [say on or off] } }
    - { description: Port, input: { data: { on: true } }, output: { bytes: [0xff, 1, 0], fPort: 5 } }
    - { description: No data, input: {}, output: { bytes: [1] } }
downlinkDecoder:
  fileName: tank.js
  examples:
    - { description: 'Down on', input: { fPort: 4, bytes: [1] }, output: { data: { on: true } } }
    - { description: Down else, input: { fPort: 4, bytes: [2] }, output: { errors: [unknown] } }
`,
  });
  const { status, out } = await run(['driver', 'test', 'tank-codec.yaml'], { cwd });
  assert.deepEqual(out.split('\n'), [
    'ok      Both',
    'ok      Both, normalized',
    'ok      Bad',
    'ok      Bad, normalized',
    'ok      Wrong',
    'failed  Wrong, normalized',
    '  expected [{"data":{"air":{"temperature":32}}}]',
    '  met      [{"data":{"soil":{"depth":5}},"time":0},{"data":{"air":{"temperature":0}}}]',
    'ok      Down on',
    'ok      Down else',
    'ok      On',
    'ok      Off',
    'ok      Neither',
    'failed  Port',
    '  expected {"bytes":[255,1,0],"fPort":5}',
    '  met      {"bytes":[255,1,0],"fPort":4}',
    'failed  No data',
    '  Cannot use downlinkEncoder.examples[4].input.data: expected an object, met undefined',
    'Driver tank 0.0.0: 10 of 13 examples as expected.',
  ]);
  assert.equal(status, 1);
});

test('driver test hands on what else an example has in its input, whichever way it goes', async () => {
  await files({
    'tank.js': `function decodeUplink(i) { return { data: { level: i.bytes[0] * i.variables.scale, unit: i.device.unit } } }
      function normalizeUplink(i) { return { data: { level: { percentage: i.data.level } } } }
      function encodeDownlink(i) { return i.command === 2 ? { bytes: [i.data.on, i.fPort] } : { errors: ['Unknown command: ' + i.command] } }
      function decodeDownlink(i) { return { data: { on: i.bytes[0], by: i.call } } }`,
    'tank-codec.yaml': `
uplinkDecoder:
  fileName: tank.js
  examples:
    - description: Up
      input: { fPort: 1, bytes: [7], variables: { scale: 2 }, device: { unit: cm }, call: decodeDownlink }
      output: { data: { level: 14, unit: cm } }
      normalizedOutput: { data: { level: { percentage: 14 } } }
downlinkEncoder:
  fileName: tank.js
  examples:
    - { description: Down, input: { command: 2, fPort: 3, data: { on: 1 } }, output: { bytes: [1, 3] } }
    - { description: Else, input: { command: 3, data: { on: 1 } }, output: { errors: ['Unknown command: 3'] } }
downlinkDecoder:
  fileName: tank.js
  examples:
    - { description: Back, input: { bytes: [1], call: up }, output: { data: { on: 1, by: null } } }
`,
  });
  const { status, out } = await run(['driver', 'test', 'tank-codec.yaml'], { cwd });
  assert.deepEqual([status, out.split('\n').at(-1)], [0, 'Driver tank 0.0.0: 5 of 5 examples as expected.'], out);
});

test('driver test runs what other platforms call the way down, and fails what is not there', async () => {
  await files({
    'tank.js':
      'function Decoder(bytes, port) { return { b: bytes[0] } }\nfunction Encoder(object, port) { return [port, object.b] }',
    'old.js': 'function Encode(fPort, obj, variables) { return [fPort, obj.b] }',
    'bad.js': 'function encodeDownlink( {',
    'test_decode_tank.json':
      '[{ "name": "Up", "input": { "fPort": 1, "bytes": [7] }, "expected": { "data": { "b": 7 } } }]',
    'test_encode_tank.json':
      '[{ "name": "Down", "input": { "fPort": 1, "data": { "b": 7 } }, "expected": { "bytes": [1, 7], "fPort": 1 } }]',
  });
  const both = await run(['driver', 'test', 'test_encode_tank.json'], { cwd });
  assert.deepEqual(
    [both.status, both.out],
    [0, 'ok      Up\nok      Down\nDriver tank 0.0.0: 2 of 2 examples as expected.'],
  );
  const failures: [downlink: string, reason: RegExp | undefined][] = [
    ['{ fileName: old.js, EXAMPLES }', undefined],
    ['{ fileName: bad.js, EXAMPLES }', /Cannot load driver "tank@0\.0\.0": /],
    ['{ fileName: none.js, EXAMPLES }', /Cannot read ".*none\.js": there is no such/],
    ['{ EXAMPLES }', /Name the script of these examples in ".*tank-codec\.yaml"/],
  ];
  const examples = 'examples: [{ description: Down, input: { fPort: 3, data: { b: 4 } }, output: { bytes: [3, 4] } }]';
  for (const [downlink, reason] of failures) {
    const encoder = `downlinkEncoder: ${downlink.replace('EXAMPLES', examples)}`;
    await files({ 'tank-codec.yaml': `uplinkDecoder: { fileName: tank.js }\n${encoder}` });
    const { status, out } = await run(['driver', 'test', 'tank-codec.yaml'], { cwd });
    assert.equal(status, reason === undefined ? 0 : 1);
    assert.match(out, reason ?? /^ok {6}Down$/m);
  }
});

test('driver test finds the description in a folder and beside a script, and asks where there are several', async () => {
  const description = `
uplinkDecoder:
  fileName: tank.js
  examples:
    - { description: Unknown port, input: { fPort: 1, bytes: [] }, output: { errors: [unknown FPort] } }
`;
  await files({ 'tank.js': script, 'tank-codec.yaml': description });
  for (const name of ['.', 'tank.js']) {
    const { status, out } = await run(['driver', 'test', name], { cwd });
    assert.deepEqual([status, out.split('\n')[0]], [0, 'ok      Unknown port'], name);
  }
  await files({ 'other-codec.yaml': description });
  const { status, err } = await run(['driver', 'test', '.'], { cwd });
  assert.equal(status, 1);
  assert.match(err, /Name one of these in .*: other-codec\.yaml, tank-codec\.yaml/);
});

test('driver test finds the one description that names a script, and one whose name begins with codec', async () => {
  const description = `
uplinkDecoder:
  fileName: 'level.js' # shared
  examples:
    - { description: Unknown port, input: { fPort: 1, bytes: [] }, output: { errors: [unknown FPort] } }
`;
  await files({ 'level.js': script, 'other.js': script, 'codec-tank.yaml': description });
  for (const name of ['.', 'level.js', 'codec-tank.yaml']) {
    const { status, out } = await run(['driver', 'test', name], { cwd });
    assert.deepEqual([status, out.split('\n')[0]], [0, 'ok      Unknown port'], name);
  }
  assert.equal((await run(['driver', 'test', 'other.js'], { cwd })).status, 1);
  await rename(join(cwd, 'codec-tank.yaml'), join(cwd, 'codec2.yaml'));
  assert.equal((await run(['driver', 'test', 'level.js'], { cwd })).status, 0);
  await files({ 'cistern-codec.yaml': description });
  assert.equal((await run(['driver', 'test', 'level.js'], { cwd })).status, 1);
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
    'lib.js': `${script}\nexports.decodeUplink = decodeUplink;\nexports.encodeDownlink = (i) => ({ bytes: [i.data.level * 2], fPort: 10 });`,
    'package.json': JSON.stringify({ name: '@maker/tank', version: '2.1.0', main: 'lib.js' }),
    'examples.json': JSON.stringify([
      { type: 'uplink', description: 'Other', input: { fPort: 1, bytes: '64' }, output: { errors: ['unknown FPort'] } },
      {
        type: 'downlink-encode',
        description: 'Restart',
        input: { data: { level: 5 } },
        output: { bytes: '0a', fPort: 10 },
      },
    ]),
  });
  const { status, out } = await run(['driver', 'test', '.'], { cwd });
  assert.deepEqual(
    [status, out],
    [0, 'ok      Other\nok      Restart\nDriver maker-tank 2.1.0: 2 of 2 examples as expected.'],
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
