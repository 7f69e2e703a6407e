import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DriverCall } from '../driver.ts';
import type { Answer } from './readings.ts';
import { CodecScript, ScriptProblem } from './sandbox.ts';
import { answerOfScript } from './script-answer.ts';

function ask(call: DriverCall, script: string, input: object = {}): Answer {
  const codec = new CodecScript('codec', script, 1000, call);
  const [answer] =
    codec.decode([{ bytes: [7], fPort: 2, recvTime: 0, variables: { a: 'x' }, ...input, call }], true) ?? [];
  return answerOfScript(call, answer);
}

/** A codec whose `normalizeUplink` has this body. */
function normalized(body: string, decoded = '{ data: { t: 50, at: new Date(5) } }'): Answer {
  return ask(
    'normalizeUplink',
    `function decodeUplink() { return ${decoded} } function normalizeUplink(input) { ${body} }`,
  );
}

test('measurements are readings, each at its own time, with the warnings of both functions', () => {
  const decoded = "{ data: { f: 50, at: new Date(5) }, warnings: ['old'] }";
  const two =
    "return { data: [{ time: input.data.at, air: { temperature: (input.data.f - 32) / 1.8 } }, { soil: { moisture: 0 / 0 } }, {}, { time: 'now' }], warnings: ['dry'] }";
  assert.deepEqual(normalized(two, decoded), {
    ok: true,
    readings: [{ time: 5, data: { air: { temperature: 10 } } }, { data: { soil: { moisture: null } } }],
    warnings: ['old', 'dry', 'The driver answered NaN in "moisture": it is kept as null'],
  });
  assert.deepEqual(normalized('return { data: { wind: { speed: 1 } } }'), {
    ok: true,
    readings: [{ data: { wind: { speed: 1 } } }],
    warnings: [],
  });
});

test('what normalizeUplink refuses or answers wrongly is not read, and nothing from it is told', () => {
  const refused: [body: string, reason: string][] = [
    ["throw new Error('no air')", 'The driver threw: no air'],
    ["return { data: {}, errors: ['no air'] }", 'In normalizeUplink: no air'],
    ['return 5', 'Answer an object from normalizeUplink'],
    ['return { data: [5] }', 'In normalizeUplink: Answer messages[0] as an object: met a number'],
    ["return { data: { time: 'noon', air: {} } }", 'In normalizeUplink: Answer messages[0].time as '],
    ['return Promise.resolve({})', 'The driver threw: Answer at once: nobody waits for a promise'],
  ];
  for (const [body, reason] of refused) {
    const answer = normalized(body);
    assert.ok(!answer.ok && answer.reason.startsWith(reason), JSON.stringify(answer));
  }
  for (const body of ['', 'return null', 'return { data: null }', 'return { data: [{}] }']) {
    const warnings = ['The driver answered nothing from normalizeUplink'];
    assert.deepEqual(normalized(body), { ok: true, readings: [], warnings }, body);
  }
});

test('only what decodeUplink read without errors is normalised, and stays what it was', () => {
  const fail = "throw new Error('called')";
  const warned = { ok: true, readings: [], warnings: ['unknown port'] };
  assert.deepEqual(normalized(fail, "{ data: { t: 1 }, errors: ['short'] }"), { ok: false, reason: 'short' });
  assert.deepEqual(normalized(fail, "{ warnings: ['unknown port'] }"), warned);
  const old = `function Decoder() { return { t: 1 } } function normalizeUplink() { ${fail} }`;
  assert.deepEqual(ask('normalizeUplink', old), { ok: true, readings: [{ data: { t: 1 } }], warnings: [] });
  const none = 'function decodeUplink() { return { data: { t: 1 } } }';
  assert.deepEqual(ask('normalizeUplink', none), { ok: true, readings: [{ data: { t: 1 } }], warnings: [] });
  const script =
    'function decodeUplink(i) { return { data: i } } function normalizeUplink(i) { i.data.bytes = 0; return { data: i.data } }';
  const codec = new CodecScript('codec', script, 1000);
  const [answer] = codec.decode([{ bytes: [7], call: 'normalizeUplink' }], true) ?? [];
  assert.deepEqual(answer, {
    output: { data: { bytes: [7], recvTime: null } },
    normalized: { data: { bytes: 0, recvTime: null } },
  });
});

test('a message is normalised beside others that are only decoded, by what each of them left', () => {
  const script = `var calls = 0; exports.decodeUplink = function () { return { data: { calls: ++calls } } };
    exports.normalizeUplink = function (i) { calls++; return { data: { calls: i.data.calls, all: this.total() } } }; exports.total = () => calls;`;
  const codec = new CodecScript('codec', script, 1000);
  const decoded = { output: { data: { calls: 1 } } };
  const both = { ...decoded, normalized: { data: { calls: 1, all: 2 } } };
  const input = { bytes: [1] };
  for (let round = 0; round < 3; round++) {
    const answers = codec.decode([input, { ...input, call: 'normalizeUplink' }, input], false);
    assert.deepEqual(answers, [decoded, both, decoded]);
  }
});

test('what goes down is encoded by the function that the script has, and read back', () => {
  const encoders = [
    'function encodeDownlink(i) { return { bytes: [i.data.v, i.fPort], fPort: i.fPort } }',
    'exports.two = (a, b) => [a, b]; exports.encodeDownlink = function (i) { return { bytes: this.two(i.data.v, i.fPort), fPort: 2 } }',
    'function Encode(fPort, data, variables) { return variables.a === "x" ? [data.v, fPort] : [] }',
    'function Encoder(object, port) { return [object.v, port] }',
    'function encodeDownlink(i) { return { bytes: Uint8Array.of(i.data.v, 2), fPort: 2 } }',
    'function encodeDownlink(i) { return { bytes: Buffer.from([i.data.v, 2]), fPort: 2 } }',
    `function encodeDownlink(i) { var buffer = new Buffer(2); buffer.put(i.data.v); buffer.put(2); return { bytes: buffer.bytes, fPort: 2 } }
      function Buffer(size) { this.bytes = new Array(size); this.at = 0 } Buffer.prototype.put = function (v) { this.bytes[this.at++] = v & 0xff };`,
    "function encodeDownlink(i) { return 'call' in i ? {} : { bytes: [5, 2], fPort: 2 } }",
  ];
  for (const script of encoders) {
    const { ok, downlink } = ask('encodeDownlink', script, { data: { v: 5 } }) as Answer & { ok: true };
    assert.deepEqual([ok, downlink], [true, { bytes: [5, 2], fPort: 2 }], script);
  }
  const decoder = 'function decodeDownlink(i) { return { data: { on: i.bytes[0] === 7, port: i.fPort } } }';
  assert.deepEqual(ask('decodeDownlink', decoder), {
    ok: true,
    readings: [{ data: { on: true, port: 2 } }],
    warnings: [],
  });
});

test('numbers that are no bytes are cut to what is left of them, and one of them is told', () => {
  const told = ask(
    'encodeDownlink',
    "function encodeDownlink() { return { bytes: [300, -1, 2.9, true, '5', 0 / 0, 7] } }",
  );
  assert.deepEqual(told, {
    ok: true,
    readings: [],
    warnings: ['The driver answered 300 as a byte: 44 is sent'],
    downlink: { bytes: [44, 255, 2, 1, 5, 0, 7] },
  });
});

test('what is not bytes is not sent, and a script without the function does not load for it', () => {
  const refused: [answer: string, reason: RegExp][] = [
    ['{ bytes: [[1]] }', /^Answer bytes as a list of numbers from 0 to 255$/],
    ["{ bytes: 'ff' }", /^Answer bytes/],
    ['{}', /^Answer bytes/],
    ['{ bytes: [], fPort: 300 }', /^Answer fPort/],
    ['{ bytes: [], fPort: { toString: 1 } }', /^Answer fPort/],
    ["{ bytes: [], errors: ['no such led'] }", /^no such led$/],
    ['undefined', /^Answer with an object that has bytes$/],
  ];
  for (const [answer, reason] of refused) {
    const told = ask('encodeDownlink', `function encodeDownlink() { return ${answer} }`);
    assert.match(told.ok ? '' : told.reason, reason, answer);
  }
  const calls: DriverCall[] = ['normalizeUplink', 'encodeDownlink', 'decodeDownlink'];
  for (const call of calls) {
    assert.throws(() => new CodecScript('codec', 'function other() {}', 1000, call), ScriptProblem);
  }
});
