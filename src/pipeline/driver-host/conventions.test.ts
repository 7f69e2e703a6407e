import assert from 'node:assert/strict';
import process from 'node:process';
import { test } from 'node:test';
import { CodecScript, ScriptProblem } from './sandbox.ts';

// What codec files of other makers do, each in a few lines of our own. Every script is run three times one by one and then
// three times at once: an answer may depend neither on the messages before nor on those beside.

// As in the processes that scripts run in.
process.env.TZ = 'UTC';

interface Convention {
  readonly script: string;
  /** `[0x12, 0xff, 0x80]` on port 7 where absent. */
  readonly input?: object;
  /** Of `data`. */
  readonly data: object;
}

const given = { bytes: [0x12, 0xff, 0x80], fPort: 7, recvTime: 1_596_380_400_000, variables: { offset: '2' } };

const entryForms: Record<string, Convention> = {
  'decodeUplink as a declaration': {
    script: 'function decodeUplink(input) { return { data: { b: input.bytes[0] } } }',
    data: { b: 18 },
  },
  'decodeUplink as an arrow function': {
    script: 'const decodeUplink = ({ bytes: [first] }) => ({ data: { b: first } });',
    data: { b: 18 },
  },
  'Decode of ChirpStack 3 with variables': {
    script: 'function Decode(fPort, bytes, variables) { return { p: fPort, b: bytes[0] + Number(variables.offset) } }',
    data: { p: 7, b: 20 },
  },
  'Decoder of The Things Network 2': {
    script: 'function Decoder(bytes, port) { var decoded = {}; decoded.p = port; return decoded }',
    data: { p: 7 },
  },
  'Decoder, Converter and Validator of The Things Network 2': {
    script: `function Decoder(bytes, port) { return { raw: bytes[0] } }
      function Converter(decoded, port) { decoded.value = decoded.raw / 2; delete decoded.raw; return { value: decoded.value, port: port } }
      function Validator(converted, port) { return converted.value < 10 && port === 7 }`,
    data: { value: 9, port: 7 },
  },
  'decodeUplink over Converter': {
    script: `function Converter(x) { return x / 0 } function Decoder() { return {} } function Validator() { return false }
      function decodeUplink(i) { return { data: { b: i.bytes[0] } } }`,
    data: { b: 18 },
  },
  'a bundle that gives its functions to whatever there is': {
    script: `(function (root, make) { if (typeof exports === 'object' && typeof module === 'object') module.exports = make();
      else if (typeof define === 'function' && define.amd) define([], make);
      else { var made = make(); for (var name in made) (typeof exports === 'object' ? exports : root)[name] = made[name] } })(this, () => (() => {
      var modules = { 9: (module) => { module.exports = JSON.parse('{"unit":"Cel"}') }, 4: (module, own, load) => { let table = load(9);
        module.exports = { decodeUplink: (i) => ({ data: { unit: table.unit, b: i.bytes[0] } }), encodeDownlink: () => ({}) } } }, kept = {};
      function load(id) { var known = kept[id]; if (known !== undefined) return known.exports; var module = kept[id] = { exports: {} };
        modules[id](module, module.exports, load); return module.exports } return load(4) })());`,
    data: { unit: 'Cel', b: 18 },
  },
  'decodeUplink over Decoder': {
    script:
      'function Decoder(b, port) { return { n: b.length, port: port } }\nfunction decodeUplink(i) { return { data: Decoder(i.bytes, i.fPort) } }',
    data: { n: 3, port: 7 },
  },
  'exports with a helper that is called on them': {
    script:
      'exports.half = function (x) { return x / 2 }; exports.decodeUplink = function (i) { return { data: { h: this.half(i.bytes[0]) } } }',
    data: { h: 9 },
  },
  'module.exports beside functions': {
    script: 'function decodeUplink(i) { return { data: { b: i.bytes[0] } } }\nmodule.exports = { decodeUplink };',
    data: { b: 18 },
  },
  'module.exports behind a question': {
    script:
      "function decodeUplink(i) { return { data: { b: i.bytes[0] } } }\nif (typeof module !== 'undefined' && module.exports) module.exports = { decodeUplink };",
    data: { b: 18 },
  },
  'export default of an object': {
    script: 'export default { decodeUplink(i) { return { data: { b: i.bytes[0] } } } };',
    data: { b: 18 },
  },
  'exports under other names, in the one line of a bundle': {
    script:
      'var a=2;function d(i){return{data:{b:i.bytes[0]*a}}}export{a,d as decodeUplink,e as encodeDownlink};const e=()=>({bytes:[a]});',
    data: { b: 36 },
  },
  'an export default under its own name, in the one line of a bundle': {
    script: 'class C{decodeUplink(i){return{data:{b:i.bytes[0]}}}}var c=new C;export default c;',
    data: { b: 18 },
  },
  'an object that is exported as default': {
    script: 'const codec = { decodeUplink(i) { return { data: { b: i.bytes[0] } } } };\nexport { codec as default };',
    data: { b: 18 },
  },
  'a line for the shell': {
    script: '#!/usr/bin/env node\nfunction decodeUplink(i) { return { data: { b: i.bytes[0] } } }',
    data: { b: 18 },
  },
  'a byte order mark and line ends of Windows': {
    script: '\ufeff// maker\r\nfunction decodeUplink(i) {\r\n  return { data: { b: i.bytes[0] } };\r\n}\r\n',
    data: { b: 18 },
  },
  'functions that are looked up by name': {
    script:
      "function port7(bytes) { return bytes[0] }\nfunction decodeUplink(i) { return { data: { t: this['port' + i.fPort](i.bytes), g: globalThis['port' + i.fPort](i.bytes) } } }",
    data: { t: 18, g: 18 },
  },
  'functions that are looked up by name, in the one line of a minifier': {
    script:
      "var a=1;function port7(b){return b[0]}function decodeUplink(i){return{data:{t:this['port'+i.fPort](i.bytes)}}}",
    data: { t: 18 },
  },
  'functions that are called on the global object': {
    script:
      'function decodeUplink(i) { var d = {}; this.addLevel(d, i.bytes); globalThis.addPort(d, i); return { data: d } }\n  function addLevel(d, bytes) { d.level = bytes[0] }\nfunction addPort(d, i) { function addLevel() {} addLevel(); d.port = i.fPort }',
    data: { level: 18, port: 7 },
  },
  'variables that are properties of the global object': {
    script:
      "var units = { 7: 'm' };\nvar seen = 0;\nfunction decodeUplink(i) { this.seen += 2; seen += 1; return { data: { unit: this.units[i.fPort], seen: seen, same: globalThis.seen } } }",
    data: { unit: 'm', seen: 3, same: 3 },
  },
  'a namespace that compiled TypeScript makes': {
    script:
      "'use strict';\nvar __spread = (this && this.__spread) || function (a, b) { return a.concat(b) };\nvar codec;\n(function (codec) { var P = (function () { function P() { this.k = 1 } P.prototype.go = function () { return __spread([this.k], [2]) }; return P })(); codec.P = P })(codec || (codec = {}));\nfunction decodeUplink() { return { data: { r: new codec.P().go() } } }",
    data: { r: [1, 2] },
  },
};

const inputs: Record<string, Convention> = {
  'bytes are a plain array, and may be taken apart': {
    script: `function decodeUplink(i) {
      var isPlain = Array.isArray(i.bytes) && i.bytes.constructor === Array;
      var hex = i.bytes.map(function (b) { return ('0' + b.toString(16)).slice(-2) }).join('');
      var cut = i.bytes.slice(1).concat([1]);
      var first = i.bytes.shift();
      i.bytes.push(9); i.bytes.splice(0, 1); i.bytes.reverse();
      return { data: { isPlain: isPlain, hex: hex, cut: cut, first: first, left: i.bytes } };
    }`,
    data: { isPlain: true, hex: '12ff80', cut: [255, 128, 1], first: 18, left: [9, 128] },
  },
  'bytes go into typed arrays, views and texts': {
    script: `function decodeUplink(i) {
      var view = new DataView(Uint8Array.from(i.bytes).buffer);
      var float = new Float32Array(new Uint8Array([0, 0, 0x48, 0x41]).buffer)[0];
      return { data: { s: view.getInt16(0), u: view.getUint16(1, true), f: float, t: String.fromCharCode.apply(null, [104, 105]) } };
    }`,
    data: { s: 4863, u: 33023, f: 12.5, t: 'hi' },
  },
  'a port and a time': {
    script:
      "function decodeUplink(i) { return { data: { port: i.fPort === 7, at: i.recvTime.toISOString(), plus: new Date(i.recvTime.getTime() + 1000), parsed: parseInt(i['fPort']) } } }",
    data: { port: true, at: '2020-08-02T15:00:00.000Z', plus: '2020-08-02T15:00:01.000Z', parsed: 7 },
  },
  'no bytes and no port': {
    script: 'function decodeUplink(i) { return { data: { n: i.bytes.length, port: i.fPort == null } } }',
    input: { bytes: [], recvTime: 0, variables: {} },
    data: { n: 0, port: true },
  },
};

const language: Record<string, Convention> = {
  'a var of a name of the language keeps what is there': {
    script: `var JSON = JSON || {}, Math = Math || { max: function () { return -1 } };
      var parseFloat = parseFloat || function () { return -1 };
      var Buffer = Buffer || require('buffer').Buffer;
      function decodeUplink(i) { return { data: { a: JSON.stringify([Math.max(1, 2)]), b: parseFloat('1.5'), c: Buffer.from(i.bytes).length } } }`,
    data: { a: '[2]', b: 1.5, c: 3 },
  },
  'a var of a name of the language has its own value where it is given one': {
    script: `var Map = { 18: 'eighteen' }; if (!Date) { var Date = 5 }
      function decodeUplink(i) { return { data: { name: Map[i.bytes[0]], at: new Date(0).getTime() } } }`,
    data: { name: 'eighteen', at: 0 },
  },
  'a let of a name of the language beside a var of it': {
    script: `let Map = { 18: 'eighteen' }; function second(b) { var Map = b[1]; return Map }
      function decodeUplink(i) { return { data: { name: Map[i.bytes[0]], second: second(i.bytes) } } }`,
    data: { name: 'eighteen', second: 255 },
  },
  'a list takes names that lists have, from the keys of a table': {
    script: `var kinds = { fill: 3, values: 4, at: 5 };
      function decodeUplink() { var all = []; for (var kind in kinds) all[kind] = kinds[kind]; return { data: { names: Object.keys(all), fill: all.fill } } }`,
    data: { names: ['fill', 'values', 'at'], fill: 3 },
  },
  'a constructor takes over the names that it is given': {
    script: `function parse(b) { return b[0] } var unit = 'V';
      function Reading(given) { for (var key in given) this[key] = given[key] }
      function decodeUplink(i) { return { data: new Reading({ parse: parse(i.bytes), unit: unit }) } }`,
    data: { parse: 18, unit: 'V' },
  },
  'globals that lack their var': {
    script:
      'function decodeUplink(i) { for (k = 0; k < i.bytes.length; k++) { sum = (typeof sum === "undefined" ? 0 : sum) + i.bytes[k] } return { data: { k: k, sum: sum } } }',
    data: { k: 3, sum: 401 },
  },
  'state at the top level': {
    script:
      'let seen = []; var count = 0; function decodeUplink() { seen.push(++count); return { data: { seen: seen } } }',
    data: { seen: [1] },
  },
  'classes with private fields, generators and spreads': {
    script:
      'class Reader { #at = 0; static of(b) { const r = new Reader(); r.b = b; return r } get next() { return this.b[this.#at++] } *rest() { while (this.#at < this.b.length) yield this.next } }\nconst decodeUplink = (i) => { const r = Reader.of(i.bytes); return { data: { a: r.next, rest: [...r.rest()] } } };',
    data: { a: 18, rest: [255, 128] },
  },
  'sloppy leftovers: octals, with, labels, duplicate parameters, HTML comments': {
    script:
      '<!-- maker\nfunction same(a, a) { return a }\nfunction decodeUplink(i) { var r; out: for (;;) { with ({ q: 010 }) { r = q; break out } } return { data: { r: r, same: same(1, 2), e: "\\101" } } }\n-->',
    data: { r: 8, same: 2, e: 'A' },
  },
  'numbers as others write them': {
    script:
      "function decodeUplink() { return { data: { sep: 1_000, pow: 2 ** 3, none: undefined ?? 'n', big: Number(BigInt('0x1ff') & 0xffn), fixed: Number((0.1 + 0.2).toFixed(2)), u: -1 >>> 0 } } }",
    data: { sep: 1000, pow: 8, none: 'n', big: 255, fixed: 0.3, u: 4294967295 },
  },
  'texts of numbers and dates in English, where it is said how': {
    script:
      "function decodeUplink(i) { return { data: { long: i.recvTime.toLocaleString(undefined, { timeZone: 'UTC' }), number: (1234567.5).toLocaleString('en-US') } } }",
    data: { long: '8/2/2020, 3:00:00 PM', number: '1,234,567.5' },
  },
  'texts of numbers and dates as The Things Stack writes them, where nothing is said': {
    script: `function decodeUplink(i) {
      var t = i.recvTime;
      return { data: { both: t.toLocaleString(), day: t.toLocaleDateString(), time: t.toLocaleTimeString(), number: (1234567.5).toLocaleString(),
        text: 'at ' + t, clock: t.toTimeString(), never: new Date(NaN).toLocaleString() } };
    }`,
    data: {
      both: '08/02/2020, 15:00:00',
      day: '08/02/2020',
      time: '15:00:00',
      number: '1234567.5',
      text: 'at Sun Aug 02 2020 15:00:00 GMT+0000 (UTC)',
      clock: '15:00:00 GMT+0000 (UTC)',
      never: 'Invalid Date',
    },
  },
  'helpers on every class of the language, in strict mode': {
    script: `'use strict';
      [Object, Array, String, Number, Date, RegExp, Function, Map, Set, Symbol, BigInt, ArrayBuffer, DataView, Buffer,
        Uint8Array, Int8Array, Uint16Array, Int16Array, Uint32Array, Int32Array, Float32Array, Float64Array, Error, TypeError]
        .forEach(function (kind) { kind.prototype['as' + kind.name] = function () { return kind.name } });
      function decodeUplink(i) { var m = new Map(); m.get = function () { return 1 }; return { data: { a: i.bytes.asArray(), m: m.asMap() + m.get(), f: new Float32Array(1).asFloat32Array(), b: Buffer.from([1]).asBuffer() } } }`,
    data: { a: 'Array', m: 'Map1', f: 'Float32Array', b: 'Buffer' },
  },
  'lists, functions and dates with names that the language has for them': {
    script: `var names = ['at', 'values', 'sort']; function Meter() {} Meter['call'] = 5;
      function decodeUplink(i) { var list = []; names.forEach(function (name, k) { list[name] = k }); i.recvTime['getTime'] = function () { return 9 };
        return { data: { a: list.at, v: list.values, s: list.sort, c: Meter.call, t: i.recvTime.getTime() } } }`,
    data: { a: 0, v: 1, s: 2, c: 5, t: 9 },
  },
  'methods of the language that are defined anew without asking': {
    script: `var merge = { configurable: true, enumerable: false, writable: true, value: function (to, from) { for (var k in from) to[k] = to[k] ? [].concat(to[k], from[k]) : from[k]; return to } };
      Object.defineProperty(Object, 'assign', merge);
      Object.defineProperties(String.prototype, { trim: { configurable: true, value: function () { return 'cut' } }, twice: { get: function () { return this + this }, configurable: true } });
      Reflect.defineProperty(Array.prototype, 'at', { configurable: true, value: function (n) { return this[n] + 1 } });
      function decodeUplink(i) { return { data: { m: Object.assign({ a: 1 }, { a: 2 }), at: i.bytes.at(0), t: ' x '.trim(), w: 'o'.twice } } }`,
    data: { m: { a: [1, 2] }, at: 19, t: 'cut', w: 'oo' },
  },
  'a helper on every object, which for-in finds as well': {
    script: `Object.prototype.in = function () { return Array.prototype.indexOf.call(arguments, this.valueOf()) >= 0 };
      function decodeUplink(i) { var names = []; for (var name in i.bytes) names.push(name); return { data: { is: i.fPort.in(6, 7), names: names } } }`,
    data: { is: true, names: ['0', '1', '2', 'in'] },
  },
  'properties of functions that are declared further down': {
    script:
      'word.BYTES = 2;\nfunction decodeUplink(i) { return { data: { w: word(i.bytes.slice(0, word.BYTES)) } } }\nfunction word(b) { if (b.length !== word.BYTES) throw new Error("short"); return b[0] * 256 + b[1] };\nmodule.exports = { word, decodeUplink };',
    data: { w: 4863 },
  },
  'a table of functions, filled by arguments with names': {
    script: `const readers = new Map()
      function register(id, name, read = undefined) { key = id.toString(16); readers.set(key, { name: name, read: read }) }
      register(0x12, 'level', read = bytes => bytes[1])
      register(0xff, 'nothing')
      function decodeUplink(i) { var data = {}; found = readers.get(i.bytes[0].toString(16)); data[found.name] = found.read(i.bytes); return { data } }`,
    data: { level: 255 },
  },
  'a class of errors as Babel compiles it, in a bundle that makes its function global': {
    script: `"use strict";function _wrap(e){var t=new Map;return _wrap=function(e){if(-1===Function.toString.call(e).indexOf("[native code]"))return e;if(t.has(e))return t.get(e);t.set(e,a);function a(){return Reflect.construct(e,arguments,Object.getPrototypeOf(this).constructor)}return a.prototype=Object.create(e.prototype,{constructor:{value:a,enumerable:!1,writable:!0,configurable:!0}}),Object.setPrototypeOf(a,e)},_wrap(e)}
      var driver;!function(){var Bad=function(){function e(t){var a=Reflect.construct(Object.getPrototypeOf(e),[t],Object.getPrototypeOf(this).constructor);return a.name="Bad",a}return e.prototype=Object.create(_wrap(Error).prototype,{constructor:{value:e}}),Object.setPrototypeOf(e,_wrap(Error)),Object.defineProperty(e,"prototype",{writable:!1}),e}();
      function o(i){try{throw new Bad("port "+i.fPort)}catch(e){return{data:{is:e instanceof Bad&&e instanceof Error,text:String(e)}}}}
      (globalThis||this).decodeUplink=o,driver={decodeUplink:o}}(),"undefined"!=typeof exports&&"undefined"!=typeof module&&(exports.driver=driver);`,
    data: { is: true, text: 'Bad: port 7' },
  },
  'errors of its own kind': {
    script:
      "function Short(m) { this.message = m; this.name = 'Short' }\nShort.prototype = Object.create(Error.prototype); Short.prototype.constructor = Short; Short.prototype.toString = function () { return 'short: ' + this.message };\nfunction decodeUplink() { try { throw new Short('x') } catch (e) { return { data: { is: e instanceof Error, text: String(e) } } } }",
    data: { is: true, text: 'short: x' },
  },
  'logging while it decodes': {
    script:
      "console.log('loaded'); console.group('x'); console.table([1]); console.groupEnd();\nfunction decodeUplink(i) { console.error('bytes', i.bytes); return { data: {} } }",
    data: {},
  },
  'texts as browsers have them': {
    script: `function decodeUplink(i) {
      return { data: { a: atob('aOk='), b: btoa('h\u00e9'), u: new TextDecoder().decode(Uint8Array.of(0xef, 0xbb, 0xbf, 0xc3, 0xa9)),
        part: new TextDecoder('ascii').decode(new Uint8Array([1, 104, 105]).subarray(1)), e: Array.from(new TextEncoder().encode('\u00e9')) } };
    }`,
    data: { a: 'h\u00e9', b: 'aOk=', u: '\u00e9', part: 'hi', e: [0xc3, 0xa9] },
  },
  'a large file with tables': {
    script: `var names = {${Array.from({ length: 9000 }, (_, at) => `"k${at}": { "size": ${at % 4}, "unit": "m\u00b3" }`).join(',')}};
      function decodeUplink(i) { return { data: names['k' + i.bytes[1]] } }`,
    data: { size: 3, unit: 'm\u00b3' },
  },
};

const answers: Record<string, Convention> = {
  'undefined is null': {
    script: 'function decodeUplink() { return { data: { u: undefined, list: [undefined], deep: { u: [][0] } } } }',
    data: { u: null, list: [null], deep: { u: null } },
  },
  'what JSON makes of the rest': {
    script:
      'function decodeUplink() { return { data: { zero: -0, date: new Date(0), never: new Date(NaN), bytes: Uint8Array.of(1), own: { toJSON: function () { return 5 } }, text: new String("t"), f: function () {}, map: new Map([[1, 2]]) } } }',
    data: {
      zero: 0,
      date: '1970-01-01T00:00:00.000Z',
      never: null,
      bytes: { 0: 1 },
      own: 5,
      text: 't',
      map: {},
    },
  },
  'names of every kind': {
    script:
      "function decodeUplink() { return { data: { 'pm2.5': 1, 7: 2, 'temp (\u00b0C)': 3, '': 4, constructor: 5 } } }",
    data: { 7: 2, 'pm2.5': 1, 'temp (\u00b0C)': 3, '': 4, constructor: 5 },
  },
};

for (const [kind, conventions] of Object.entries({ entryForms, inputs, language, answers })) {
  for (const [name, { script, input = given, data }] of Object.entries(conventions)) {
    test(`${kind}: ${name}`, () => {
      const codec = new CodecScript('codec', script, 1000);
      const expected = { output: { data } };
      for (let message = 0; message < 3; message++) assert.deepEqual(codec.decode([input], false), [expected]);
      assert.deepEqual(codec.decode([input, input, input], false), [expected, expected, expected]);
    });
  }
}

test('code from texts is refused, when it loads as when it decodes', () => {
  const codec = new CodecScript('codec', "function decodeUplink() { return { data: { a: eval('1') } } }", 1000);
  assert.match(codec.decode([given], false)?.[0].threw ?? '', /Code generation from strings disallowed/);
  assert.throws(() => new CodecScript('codec', 'var decodeUplink = new Function("return {}");', 1000), ScriptProblem);
});

test('a message that the Validator of The Things Network 2 refuses has an error and no data', () => {
  const source = 'function Decoder(b) { return { n: b[0] } } function Validator(data) { return data.n !== 18 }';
  const codec = new CodecScript('codec', source, 1000);
  const refused = { output: { errors: ['Validator: the message is not valid'] } };
  const taken = { output: { data: { n: 5 } } };
  assert.deepEqual(codec.decode([given, { ...given, bytes: [5] }], false), [refused, taken]);
});
