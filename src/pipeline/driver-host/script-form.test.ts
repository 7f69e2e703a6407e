import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bodyOf, extendsClasses, globalVariables, importsAtRunTime } from './script-form.ts';

test('a script that may extend a class of the language is told by its text', () => {
  const extending = [
    'String.prototype.twice = function () { return this + this };',
    "Number.prototype['twice'] = f;",
    'Object.assign(Array.prototype, helpers);',
    'Math.trunc = Math.trunc || f;',
    'var Text = String;',
    'extend([Date, RegExp])',
    '[].constructor.prototype.last = f;',
    "''.__proto__.x = 1;",
    'Object.getPrototypeOf([]).x = 1;',
    'reading.toString = f;',
    'list.map = f;',
    "reading['toString'] = f;",
    "var names = { 1: 'values' }; list[names[code]] = 5;",
    'list[Symbol.iterator] = function* () {};',
    'view.getUint8 = f;',
    "bytes['subarray'] = f;",
    'var kinds = { fill: 3, at: 4 }; for (var kind in kinds) list[kind] = kinds[kind];',
  ];
  for (const source of extending) assert.equal(extendsClasses(source), true, source);
});

test('what most codecs do with classes is no extending', () => {
  const usual = [
    'function Reader() {}\nReader.prototype.next = function () {};',
    'class Reader { constructor(bytes) { this.name = "x"; this.bytes = bytes; } }',
    'var args = Array.prototype.slice.call(arguments);',
    'return Array.prototype.map.call(byteArray, hex).join("");',
    'if (!Object.assign) Object.defineProperty(Object, "assign", { value: function () { throw new TypeError("x") } });',
    'Object.defineProperty(exports, "__esModule", { value: true });',
    'Array.isArray(x) && new Date(5).getTime() === Number(y) && new Uint8Array(4) && e instanceof Error',
    'Object.prototype.hasOwnProperty.call(data, key)',
    "var kind = 'values'; data.kind = kind; data['unit'] = 'V';",
    'data.name = data.map[3]; if (list.map == null) {}',
    "var names = { 1: 'temperature' }; data[names[code]] = 5;",
    'class Frames { *[Symbol.iterator]() {} }\nif (list[Symbol.iterator] == null || view.getUint8(0) === 1) {}',
  ];
  for (const source of usual) assert.equal(extendsClasses(source), false, source);
});

test('a var of a name of the language is told', () => {
  const told: Record<string, readonly string[]> = {
    'var JSON = JSON || {};': ['JSON'],
    'var unit = 1, Math = Math || polyfill;\nvar Buffer;': ['Math', 'Buffer'],
    'var made = Math.round(1), at = Date(2), first = Array[0], Map == 2;': [],
    '// var Date = 1\nvar text = "var Map = 2";': [],
    'var a = {}, JSON = JSON || {}, b = 2, Map = 3;': ['JSON', 'Map'],
    'let Buffer, Map; f(Date == 1, Set);': [],
    'var JSONs = 1, myMath = 2, Dated = 3;': [],
  };
  for (const [source, names] of Object.entries(told)) assert.deepEqual(globalVariables(source), names, source);
});

test('only what a script may look up in the global object is made a property of it', () => {
  const declared = 'function parseOne() {}\nfunction other() {}\nvar limit = 3;\n';
  const madeOf = (rest: string) =>
    ['parseOne', 'other', 'limit'].filter((name) => made(rest).includes(`globalThis.${name}`));
  const made = (rest: string) => bodyOf(declared + rest, false, []);
  const all = ['parseOne', 'other', 'limit'];
  const cases: Record<string, readonly string[]> = {
    'function Reading(given) { for (var key in given) this[key] = given[key]; } new Reading({})': [],
    'function set(key, value) { this[key] = value; }': all,
    'new Reading(); this[key](bytes)': all,
    'class Reading { get(key) { return this[key] } }': all,
    'new Reading(); this[names[1]] = 2': [],
    'new Reading(); this[a[b[c[0]]]] = 2': all,
    "this['parse' + name](bytes)": ['parseOne'],
    'this[`parse${name}`](bytes)': ['parseOne'],
    "this['limit'] = 4": ['limit'],
    "this['x' + a ? 'other' : 'limit']": all,
    'this[0] == this[key]': all,
    'this[0]': [],
    'this.other()': ['other'],
    'function f() { return this && this.other() }': ['other'],
  };
  for (const [rest, names] of Object.entries(cases)) assert.deepEqual(madeOf(rest), names, rest);
});

test('the helpers of a compiler are no look into the global object', () => {
  const body = bodyOf('var __extends = (this && this.__extends) || function () {};\nvar made = new Base();', false, []);
  assert.ok(!body.includes('globalThis.__extends'));
});

test('comments without end behind the word import are looked through once', () => {
  // A look that tried each way to divide them among comments would not come to an end.
  assert.equal(importsAtRunTime(`import ${'/**/'.repeat(1000)} x`), false);
  assert.equal(importsAtRunTime(`import ${'/* * // **/'.repeat(1000)} ('x')`), true);
});

test('import() is found behind comments of every kind, and not in comments and texts', () => {
  for (const source of ['import ("x")', 'import/* a */(x)', 'import // a\n(x)', 'import <!-- a\n(x)', '[...import(x)]'])
    assert.equal(importsAtRunTime(source), true, source);
  for (const source of ['meter.import.total', '// import(x)', '"import(x)"', 'important(x)', '/* import */ (x)'])
    assert.equal(importsAtRunTime(source), false, source);
});
