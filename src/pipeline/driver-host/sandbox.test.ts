import assert from 'node:assert/strict';
import process from 'node:process';
import { test } from 'node:test';
import vm from 'node:vm';
import { CodecScript, ScriptProblem } from './sandbox.ts';

test('helpers that a script adds to the classes of the language work, also in strict mode', () => {
  const source = `'use strict';
    String.prototype.twice = function () { return this + this; };
    if (!Array.prototype.last) Object.defineProperty(Array.prototype, 'last', { value: function () { return this[this.length - 1]; } });
    Object.prototype.readUInt8 = function (at) { return this[at]; };
    DataView.prototype.getUint24 = function (at) { return this.getUint8(at) * 65536 + this.getUint16(at + 1); };
    Uint8Array.prototype.first = function () { return this[0]; };
    this.top = 5;
    Number.prototype.toString = function () { return 'number'; };
    function DecodeError(message) { this.message = message; }
    DecodeError.prototype = Object.create(Error.prototype);
    DecodeError.prototype.constructor = DecodeError;
    class Reader extends Map { get(key) { return key + 1; } }
    function decodeUplink(input) {
      if (input.fPort === 2) throw new DecodeError('port ' + 'x'.twice());
      return { data: { t: 'ab'.twice(), l: input.bytes.last(), n: (5).toString(), u: input.bytes.readUInt8(1), top: top, b: Uint8Array.of(9).first(), v: new DataView(Uint8Array.of(1, 0, 1).buffer).getUint24(0), r: new Reader().get(1) } };
    }`;
  const script = new CodecScript('codec', source, 1000);
  const good = { output: { data: { t: 'abab', l: 3, n: 'number', u: 2, top: 5, b: 9, v: 65537, r: 2 } } };
  assert.deepEqual(script.decode(inputs(3), true), [good, good, good]);
  assert.deepEqual(script.decode([{ bytes: [1], fPort: 2 }], true), [{ threw: 'port xx' }]);
});

test('a script loads also where the time that it was given went to the machine', (t) => {
  const { runInContext } = vm.Script.prototype;
  let timeouts = 0;
  t.mock.method(
    vm.Script.prototype,
    'runInContext',
    function (this: vm.Script, ...given: Parameters<vm.Script['runInContext']>) {
      if (given[1] === undefined || timeouts++ > 0) return runInContext.apply(this, given);
      throw Object.assign(new Error('Script execution timed out'), { code: 'ERR_SCRIPT_EXECUTION_TIMEOUT' });
    },
  );
  const script = new CodecScript('codec', 'function decodeUplink() { return { data: { n: 1 } } }', 1000);
  assert.equal(timeouts, 2);
  assert.deepEqual(script.decode(inputs(1), false), [{ output: { data: { n: 1 } } }]);
});

test('a helper that a script adds only where there is none is there for each message', () => {
  const conditions = [
    "!('last' in Array.prototype)",
    "!Array.prototype.hasOwnProperty('last')",
    '!Object.keys(Array.prototype).includes("last")',
    'typeof Array.prototype.last === "undefined"',
  ];
  for (const condition of conditions) {
    const source = `if (${condition}) Array.prototype.last = function () { return this[this.length - 1] };
      function decodeUplink(input) { return { data: { n: input.bytes.last() } } }`;
    const script = new CodecScript('codec', source, 1000);
    for (const count of [1, 3, 1, 1, 1, 4, 1]) {
      assert.deepEqual(
        script.decode(inputs(count), false),
        new Array(count).fill({ output: { data: { n: 3 } } }),
        condition,
      );
    }
  }
});

test('a helper that a script adds for some messages is not listed in the others', () => {
  const source = `function decodeUplink(input) {
      if (input.fPort === 2) Object.prototype.helper = function () {};
      var names = [];
      for (var name in { a: 1 }) names.push(name);
      return { data: { names: names } };
    }`;
  const script = new CodecScript('codec', source, 1000);
  for (const fPort of [2, 2, 2, 1, 2, 2, 1]) {
    const names = fPort === 2 ? ['a', 'helper'] : ['a'];
    assert.deepEqual(script.decode([{ bytes: [], fPort }], false), [{ output: { data: { names } } }]);
  }
});

test('a script that lists names as it loads finds no helper that it only adds below', () => {
  const codec = new CodecScript(
    'codec',
    `var found = [];
for (var at in ['a']) found.push(at);
for (var name in { b: 1 }) found.push(name);
Array.prototype.last = function () { return this[this.length - 1] };
Object.prototype.size = 1;
function decodeUplink(i) { return { data: { found: found, last: i.bytes.last() } } }`,
    1000,
  );
  const input = { bytes: [1, 2] };
  const expected = { output: { data: { found: ['0', 'b'], last: 2 } } };
  for (let round = 0; round < 5; round++) assert.deepEqual(codec.decode([input], false), [expected]);
  assert.deepEqual(codec.decode([input, input, input], false), [expected, expected, expected]);
  assert.deepEqual(codec.decode([input, input, input], false), [expected, expected, expected]);
});

test('a variable without var that a message does not assign is none, whatever other messages did', () => {
  const codec = new CodecScript(
    'codec',
    `function decodeUplink(i) {
      for (k = 0; k < 2; k++) if (i.bytes[0] === k) late = k;
      return { data: { late: i.bytes[1] ? typeof late : late, k: k } };
    }`,
    1000,
  );
  const inputs = [[1], [2], [0], [2, 1], [1, 1]].map((bytes) => ({ bytes }));
  const expected = [
    { output: { data: { late: 1, k: 2 } } },
    { threw: 'late is not defined' },
    { output: { data: { late: 0, k: 2 } } },
    { output: { data: { late: 'undefined', k: 2 } } },
    { output: { data: { late: 'number', k: 2 } } },
  ];
  for (let round = 0; round < 3; round++) {
    for (const [at, input] of inputs.entries()) assert.deepEqual(codec.decode([input], false), [expected[at]]);
    assert.deepEqual(codec.decode(inputs, false), expected);
  }
});

test('what only looks like a function or variable of the top level does no harm to a script that looks names up', () => {
  const codec = new CodecScript(
    'codec',
    `/*
function for decoding
var Object = old;
var commented = 1;
*/
function other() {
var indented = 1;
return indented;
}
var seen = 4;
function decodeUplink(i) {
  commented = i.bytes[0];
  indented = 2;
  return { data: { at: [commented, indented, this['seen'], other()], keys: Object.keys({ a: 1 }) } };
}`,
    1000,
  );
  const inputs = [[1], [2]].map((bytes) => ({ bytes }));
  const expected = [1, 2].map((first) => ({ output: { data: { at: [first, 2, 4, 1], keys: ['a'] } } }));
  for (let round = 0; round < 3; round++) assert.deepEqual(codec.decode(inputs, false), expected);
});

test('what a script is given of the language is right after a message that laid a trap for lists', () => {
  const source = `var JSON = JSON || {}, Date = Date || {};
    function decodeUplink(i) {
      var traps = typeof caught === 'undefined' ? 0 : caught;
      if (i.bytes[0] === 1) for (var at of ['0', '1', 'length'])
        Object.defineProperty(Object.prototype, at, { set: function () { globalThis.caught = 1 }, get: function () { return 7 }, configurable: true });
      if (i.bytes[0] === 2) JSON = Date = 5;
      if (i.bytes[0] === 3) globalThis.JSON = globalThis.Date = 5;
      return { data: { kinds: [typeof JSON.stringify, typeof Date.UTC], traps } };
    }`;
  const codec = new CodecScript('codec', source, 1000);
  const usual = { output: { data: { kinds: ['function', 'function'], traps: 0 } } };
  const overwritten = { output: { data: { kinds: ['undefined', 'undefined'], traps: 0 } } };
  for (const order of [[0, 1, 0, 2, 0, 3, 0], [1, 1, 0], [2, 0], [3, 0], [0]]) {
    const answers = codec.decode(
      order.map((first) => ({ bytes: [first] })),
      false,
    );
    assert.deepEqual(
      answers,
      order.map((first) => (first === 2 ? overwritten : usual)),
      String(order),
    );
  }
});

test('a helper that is defined and cannot be deleted costs no new context for each message', (t) => {
  const source = `Object.defineProperty(Array.prototype, 'last', { value: function () { return this[this.length - 1] } });
    Object.defineProperties(String.prototype, { twice: { get: function () { return this + this } } });
    Object.defineProperty(globalThis, 'units', { value: ['V'], configurable: false });
    function decodeUplink(i) { return { data: { last: i.bytes.last(), text: units[0].twice } } }`;
  const codec = new CodecScript('codec', source, 1000);
  const contexts = t.mock.method(vm, 'createContext');
  for (const count of [1, 5, 1, 3]) {
    const answers = codec.decode(inputs(count), false);
    const expected = new Array(count).fill({ output: { data: { last: 3, text: 'VV' } } });
    assert.deepEqual(answers, expected);
  }
  assert.equal(contexts.mock.callCount(), 0);
});

test('the forms of other makers load as they are', () => {
  const data = { data: { t: 7, port: 5 } };
  const body = 'return { t: bytes[0], port: fPort };';
  const forms: Record<string, [source: string, output: object]> = {
    'The Things Stack': [
      'function decodeUplink({ bytes, fPort }) { return { data: { t: bytes[0], port: fPort } }; }',
      data,
    ],
    'ChirpStack 3': [`function Decode(fPort, bytes, variables) { ${body} }`, data],
    'The Things Network 2': [`function Decoder(bytes, fPort) { ${body} }`, data],
    'all at once': [
      `function Decode(fPort, bytes) { return { not: 'this' }; } function Decoder(bytes, fPort) { return { not: 'this' }; }
       function decodeUplink(input) { var bytes = input.bytes, fPort = input.fPort; return { data: (function () { ${body} })() }; }`,
      data,
    ],
    CommonJS: [
      `module.exports = { decodeUplink: function (i) { return { data: { t: i.bytes[0], port: i.fPort } } } };`,
      data,
    ],
    'CommonJS by name': [`exports.decodeUplink = (i) => ({ data: { t: i.bytes[0], port: i.fPort } });`, data],
    'CommonJS behind a guard': [
      `function Decoder(bytes, fPort) { ${body} } if (typeof module !== 'undefined') { module.exports = require('x'); }`,
      data,
    ],
    'a module with exports': [
      `export const a = 1;\nexport default function decodeUplink(i) { return { data: { t: i.bytes[0], port: i.fPort } } }\nexport { a as b };`,
      data,
    ],
    'a function without its var': [
      'decodeUplink = function (i) { return { data: { t: i.bytes[0], port: i.fPort } } }',
      data,
    ],
    'a bundle': [
      `(function (root, factory) {
         if (typeof exports === 'object' && typeof module === 'object') module.exports = factory();
         else { var a = factory(); for (var i in a) (typeof exports === 'object' ? exports : root)[i] = a[i]; }
       })(this, () => { return { helper: 7, decodeUplink: (i) => ({ data: { t: helper && i.bytes[0], port: i.fPort } }) } });`,
      data,
    ],
    'a comment at the end': [
      'const decodeUplink = (i) => ({ data: { t: i.bytes[0], port: i.fPort } }) // the end',
      data,
    ],
  };
  for (const [name, [source, output]] of Object.entries(forms)) {
    const script = new CodecScript(name, source, 1000);
    for (const count of [1, 3, 1]) {
      const given = script.decode(
        Array.from({ length: count }, () => ({ bytes: [7], fPort: 5, variables: {} })),
        true,
      );
      assert.deepEqual(given, new Array(count).fill({ output }), name);
    }
  }
});

test('the word import in comments, texts and names of properties is no import', () => {
  const source = `// import/export of energy; import (kWh), import - see import.meta
    /* import('x') */ function decodeUplink() { return { data: { t: "import (kWh)", u: 'import.', v: \`import(\` } } }`;
  const property =
    'function decodeUplink() { var m = { import: { t: 1 } }; return { data: { t: m.import.t, u: m?.import . t } } }';
  assert.deepEqual(new CodecScript('codec', property, 1000).decode(inputs(1), true), [
    { output: { data: { t: 1, u: 1 } } },
  ]);
  assert.deepEqual(new CodecScript('codec', source, 1000).decode(inputs(1), true), [
    { output: { data: { t: 'import (kWh)', u: 'import.', v: 'import(' } } },
  ]);
  for (const call of ["import('x')", "[...import('x')]", 'import /* ( */ (1)', 'import //\n (1)', 'import\n(1)']) {
    const bad = `function decodeUplink() { return ${call} }`;
    assert.throws(() => new CodecScript('codec', bad, 1000), /Remove import\(\)/, call);
  }
});

test('a script cannot end the function around it and reach the top level', () => {
  const source = '} globalThis.decodeUplink = function () { return {} }; {';
  assert.throws(() => new CodecScript('codec', source, 1000), ScriptProblem);
});

test('what ChirpStack gives its codecs with Buffer is there', () => {
  const source = `function decodeUplink(input) {
    var b = Buffer.from(input.bytes);
    var w = Buffer.alloc(6);
    w.writeInt16LE(-2, 0); w.writeUInt32BE(0xfffffffe, 2);
    return { data: {
      hex: b.toString('hex'), u8: b.readUInt8(0), u16: b.readUInt16BE(0), i16: b.readInt16LE(2), u24: b.readUIntBE(1, 3), i24: b.readIntLE(1, 3),
      f: Buffer.from('41480000', 'hex').readFloatBE(0), d: Buffer.from('4028000000000000', 'hex').readDoubleBE(),
      text: Buffer.from('aMOk', 'base64').toString(), base64: Buffer.from('h\u00e4').toString('base64'), ascii: Buffer.from([104, 105]).toString('ascii'),
      slice: b.slice(1, 3).toString('hex'), joined: Buffer.concat([b, w]).length, is: Buffer.isBuffer(b), isArray: Buffer.isBuffer(input.bytes), w: w.toString('hex'), equals: b.equals(Buffer.from('0102feff', 'hex')),
    } };
  }`;
  const [answer] = new CodecScript('codec', source, 1000).decode([{ bytes: [1, 2, 0xfe, 0xff] }], true) ?? [];
  assert.deepEqual((answer.output as { data: object }).data, {
    hex: '0102feff',
    u8: 1,
    u16: 258,
    i16: -2,
    u24: 196351,
    i24: -510,
    f: 12.5,
    d: 12,
    text: 'h\u00e4',
    base64: 'aMOk',
    ascii: 'hi',
    slice: '02fe',
    joined: 10,
    is: true,
    isArray: false,
    w: 'fefffffffffe',
    equals: true,
  });
  const [beyond] =
    new CodecScript(
      'codec',
      'function decodeUplink(i) { return { data: { v: Buffer.from(i.bytes).readUInt16BE(2) } } }',
      1000,
    ).decode([{ bytes: [1, 2, 3] }], true) ?? [];
  assert.match(beyond.threw ?? '', /Cannot reach 2 bytes at 2: the buffer has 3/);
});

test('a message after one that had its time again, in vain, finds everything in its place', (t) => {
  // As on a machine that does everything but run the script.
  t.mock.method(process, 'threadCpuUsage', () => ({ user: 0, system: 0 }));
  const source = 'function decodeUplink({ fPort }) { n = typeof n; for (; fPort === 2; ); return { data: { n: n } } }';
  const script = new CodecScript('codec', source, 20);
  assert.equal(script.decode([{ bytes: [], fPort: 2 }], true), undefined);
  assert.deepEqual(script.decode(inputs(1), true), [{ output: { data: { n: 'undefined' } } }]);
});

function inputs(count: number): object[] {
  return Array.from({ length: count }, (_, at) => ({ bytes: [1, 2, 3], fPort: 1, recvTime: 0, variables: {}, at }));
}
