import assert from 'node:assert/strict';
import { test } from 'node:test';
import { extendsClasses } from './script-form.ts';

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
  ];
  for (const source of usual) assert.equal(extendsClasses(source), false, source);
});
