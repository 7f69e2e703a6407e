import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namesGivenFirst, namesUnasked } from './script-preamble.ts';

const helper = 'String.prototype.twice = function () { return this + this };';
const twice = [['String', 'twice']];

test('helpers that a script gives to classes of the language before anything of it runs are told', () => {
  const inert = [
    helper,
    `'use strict';\n/* maker's "helpers" */ ${helper}`,
    `var port = 5, names = ['a', "b{"]; ${helper}`,
    `function half(x) { if (x in {}) { return [x / 2, { a: x }] } }\n${helper}`,
    `var half = function (x, y) { return f(x) / (y) };\n${helper}`.replace('/ (y)', '+ (y)'),
  ];
  for (const source of inert) assert.deepEqual(namesGivenFirst(source), twice, source);
  const many = `Object.prototype.first = function (b) { return b[0] };\n${helper}\nif (x) Array.prototype.last = f;`;
  assert.deepEqual(namesGivenFirst(many), [['Object', 'first'], ...twice]);
});

test('helpers that something may have asked for before are not', () => {
  const running = [
    `var had = 'twice' in String.prototype; ${helper}`,
    `look(); ${helper}`,
    `(function () { look() })(); ${helper}`,
    `var a = function () { look() }(); ${helper}`,
    `var a = \`\${look()}\`; ${helper}`,
    `var a = new Look; ${helper}`,
    `var a = { ...all }; ${helper}`,
    `var a = 1 + { valueOf: function () { look() } }; ${helper}`,
    `function decodeUplink() {\n${helper}\n}`,
    `function f() { var r = /{/; } var had = 'twice' in String.prototype; ${helper} /}/;`,
    `function f() { if (1) /{/; } var had = 'twice' in String.prototype; ${helper} /}/;`,
    `function f(a = look()) {} ${helper}`,
    `class A { static a = look() } ${helper}`,
    `var String = { prototype: {} }; ${helper}`,
    `${helper} var { String } = own;`,
    `if (!String.prototype.twice) ${helper}`,
  ];
  for (const source of running) assert.deepEqual(namesGivenFirst(source), [], source);
});

test('in a script that asks for no names at all, those that it gives later are told as well', () => {
  const later = `var first = Math.max(1, 2);\n${helper}`;
  assert.deepEqual(namesUnasked(later), twice);
  for (const question of ["'twice' in {}", 'Object.keys(x)', "x.hasOwnProperty('twice')", 'Reflect.has(x, y)']) {
    assert.deepEqual(namesUnasked(`var had = ${question};\n${later}`), [], question);
    assert.deepEqual(namesUnasked(`${helper} var had = ${question};`), twice, question);
  }
});

test('a script that gives many names to a class is looked through for that class once', (t) => {
  const script = Array.from({ length: 1_000 }, (_, n) => `String.prototype.helper${n} = n => ${n};`).join('\n');
  const { mock } = t.mock.method(RegExp.prototype, 'test');
  assert.equal(namesUnasked(script).length, 1_000);
  assert.ok(mock.callCount() < 10, `${mock.callCount()} looks`);
});
