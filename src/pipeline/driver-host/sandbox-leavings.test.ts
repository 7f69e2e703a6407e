import assert from 'node:assert/strict';
import process from 'node:process';
import { test } from 'node:test';
import { CodecScript } from './sandbox.ts';

/** Counts in a place that scripts leave things in, and answers the count: always 1 where nothing is left. */
const leavings: Record<string, string> = {
  'a variable at the top level': 'var n = 0; function decodeUplink() { return { data: { n: ++n } } }',
  'a constant at the top level': 'const o = { n: 0 }; const decodeUplink = () => ({ data: { n: ++o.n } });',
  'a global that lacks its var': counting('(n = typeof n === "undefined" ? 1 : n + 1)'),
  'a property of the global object': counting('(this.n = (this.n || 0) + 1)'),
  'a method of arrays': counting('(Array.prototype.n = ([].n || 0) + 1)'),
  'a method of texts': counting('(String.prototype.n = ("".n || 0) + 1)'),
  'a hidden property of all objects': counting(
    '(Object.defineProperty(Object.prototype, "n", { value: ({}.n || 0) + 1, configurable: true }), {}.n)',
  ),
  'a property that nobody can delete': counting(
    '(Array.prototype.n || Object.defineProperty(Array.prototype, "n", { value: { n: 0 } }), ++[].n.n)',
  ),
  'a global that nobody can delete': counting(
    '(typeof m === "undefined" && Reflect.defineProperty(globalThis, "m", { value: { n: 0 } }), ++m.n)',
  ),
  'properties that nobody can delete, defined together': counting(
    '([].m || Object.defineProperties(Array.prototype, { m: { value: { n: 0 }, configurable: false }, k: { get: String } }), ++[].m.n)',
  ),
  'a property whose description is never the same': counting(
    '(Object.defineProperty(Array.prototype, "m", new Proxy({}, { has: function (t, k) { return k[0] !== "g" && k[0] !== "s" }, get: function (t, k) { return k === "value" ? { n: [].m ? [].m.n + 1 : 1 } : false } })), [].m.n)',
  ),
  'a property of a name that is no text': counting(
    '(Object.defineProperty(Array.prototype, { toString: function () { return "m" } }, { value: ([].m || 0) + 1 }), [].m)',
  ),
  'a function of the language': counting('(JSON.parse.n = (JSON.parse.n || 0) + 1, JSON.parse.n || 1)'),
  'a wrapped function': counting(
    '(function (push) { Array.prototype.push = function (x) { return push.call(this, x) + 1 }; return [].push(0) - 1; })([].push)',
  ),
  'a method that comes and goes': counting(
    '(Object.prototype.n = ({}.n || 0) + 1, delete Object.prototype.m, Object.prototype.m === undefined ? {}.n : 2)',
  ),
  'a method that takes the place of another one': counting(
    '(Array.prototype.k === undefined ? (Array.prototype.k = 1, Array.prototype.l === 2 ? 3 : 1) : (delete Array.prototype.k, Array.prototype.l = 2))',
  ),
  'names that are never the same': counting(
    '(globalThis["x" + input.at] = 1, Object.keys(globalThis).filter((name) => name[0] === "x").length)',
  ),
  'a setter that waits for the cleaning': counting(
    '(Object.defineProperty(Object.prototype, "0", { set: function () { for (;;); }, configurable: true }), globalThis.p = 1)',
  ),
  'the class of the segments of a text': counting(
    '(function (at) { return at.n = (at.n || 0) + 1 })(Object.getPrototypeOf(new Intl.Segmenter().segment("")))',
  ),
  'the class of what goes over segments': counting(
    '(function (at) { return at.n = (at.n || 0) + 1 })(Object.getPrototypeOf(new Intl.Segmenter().segment("")[Symbol.iterator]()))',
  ),
  'the class of the calls in a stack': counting(
    '(function (at) { delete Error.prepareStackTrace; return at.n = (at.n || 0) + 1 })(Object.getPrototypeOf((Error.prepareStackTrace = function (e, s) { return s[0] }, new Error("").stack)))',
  ),
  'the class of iterators that map': counting(
    '(function (at) { return at.n = (at.n || 0) + 1 })(Object.getPrototypeOf([].values().map(String)))',
  ),
  'the class around foreign iterators': counting(
    '(function (at) { return at.n = (at.n || 0) + 1 })(Object.getPrototypeOf(Iterator.from({ next: String })))',
  ),
  'the console': counting('(console.n = (console.n || 0) + 1)'),
  'the script itself':
    'var me = arguments.callee; function decodeUplink() { me.n = (me.n || 0) + 1; return { data: { n: me.n || 1 } } }',
  'whoever calls its function': counting(
    '(function (f) { return f === null ? 1 : (f.n = (f.n || 0) + 1) })(decodeUplink.caller)',
  ),
  'whoever writes its answer':
    'function decodeUplink() { return { data: { n: { toJSON: function toJSON() { var f = toJSON.caller; return f === null ? 1 : (f.n = (f.n || 0) + 1) } } } } }',
  'whoever calls the script':
    'var f = arguments.callee.caller; function decodeUplink() { return { data: { n: f === null ? 1 : (f.n = (f.n || 0) + 1) } } }',
  'the functions of the calls in a stack': `function decodeUplink() { Error.prepareStackTrace = function (e, sites) { return sites };
      return { data: { n: Math.max.apply(null, new Error('').stack.map(function (site) { var f = site.getFunction(); if (!f || f === decodeUplink) return 1; return f.n = (f.n || 0) + 1 })) } } }`,
  'a name on all objects that is asked for behind the cleaning':
    "Object.prototype.unassigned = function () { Array.prototype.n = 1; return '' }; function decodeUplink() { return { data: { n: 1 + ([].n || 0) } } }",
  'a class that stamps functions of the language': `class Given { constructor(o) { return o } } class Stamp extends Given { #n = 1; static on(o) { return #n in o } }
      function decodeUplink() { var n = Stamp.on(JSON.parse) ? 2 : 1; new Stamp(JSON.parse); return { data: { n: n } } }`,
  'the pieces of a template':
    'function tag(pieces) { return pieces } function decodeUplink() { var t = tag`a`; var n = t.raw.n || 1; try { t.raw.n = 2 } catch (e) {} return { data: { n: n } } }',
  'what a function that waits does later':
    'async function later() { await null; Array.prototype.n = 2 } function decodeUplink() { later(); return { data: { n: [].n || 1 } } }',
  'what a generator that waits does later':
    'async function* later() { yield 1; Array.prototype.n = 2 } function decodeUplink() { var all = later(); all.next(); all.next(); return { data: { n: [].n || 1 } } }',
  'a function that writes its answer':
    'function decodeUplink() { var n = [].n || 1; return { data: { n: { toJSON: function () { Array.prototype.n = 2; return n } } } } }',
  'a stack that is captured for a class': counting(
    '(Object.getOwnPropertyNames(Array.prototype).includes("stack") ? 2 : (Error.captureStackTrace(Array.prototype), 1))',
  ),
  'a property that is defined through a proxy': counting(
    '([].n || (Object.defineProperty(new Proxy(Array.prototype, {}), "n", { value: 2 }), 1))',
  ),
  'what regular expressions are said to have read': counting('(RegExp.input === "x" ? 2 : (RegExp.input = "x", 1))'),
  'the prototype of the script':
    'var me = arguments.callee.prototype; function decodeUplink() { me.n = (me.n || 0) + 1; return { data: { n: me.n || 1 } } }',
  'the memory of regular expressions': counting('(RegExp.$1 === "x" ? 2 : (/(x)/.exec("x"), 1))'),
  'the prototype of arrays': counting('(Object.setPrototypeOf(Array.prototype, { n: ([].n || 0) + 1 }), [].n)'),
  'frozen arrays': counting('(Object.isFrozen(Array.prototype) ? 2 : (Object.freeze(Array.prototype), 1))'),
  'names by which the cleaning reads descriptions': counting(
    '(Object.defineProperty(Object.prototype, "writable", { get: function () { return true }, configurable: true }), globalThis.n = typeof n === "undefined" ? 1 : n + 1)',
  ),
  'names that stand for those of a handler': `function decodeUplink() {
      with (new Proxy({}, { has: function (t, k) { return k === 'n' }, get: function (t, k) { return k === 'n' ? globalThis.n || 0 : undefined }, set: function (t, k, v) { globalThis.n = v; return true } })) {
        n = n + 1; return { data: { n: n } } } }`,
  'names of lists that a with statement leaves out': counting(
    '([][Symbol.unscopables].n = ([][Symbol.unscopables].n || 0) + 1, [][Symbol.unscopables].n || 1)',
  ),
  'a handler behind all texts': counting(
    '(function (n) { Object.setPrototypeOf(String.prototype, new Proxy(Object.prototype, { get: function (t, k) { return k === "n" ? 2 : t[k] } })); return n })("".n || 1)',
  ),
  'a class for what is disposed of': counting(
    '(DisposableStack.prototype.n = (DisposableStack.prototype.n || 0) + 1, DisposableStack.prototype.n || 1)',
  ),
  'an import that a regular expression hides': `var quote = /'/; import(\`x\`).then(null, function () { Array.prototype.n = 2 }); // '
      ${counting('[].n || 1')}`,
  'a promise that runs late': counting(
    '(Promise.resolve().then(function () { Array.prototype.late = 2 }), [].late || 1)',
  ),
};

function counting(expression: string): string {
  return `function decodeUplink(input) { return { data: { n: ${expression} } } }`;
}

for (const [where, source] of Object.entries(leavings)) {
  test(`nothing passes from message to message by way of ${where}`, () => {
    const script = new CodecScript('codec', source, 1000);
    for (const count of [1, 5, 1, 3, 1, 1]) {
      const answers = script.decode(inputs(count), count === 5);
      assert.deepEqual(answers, new Array(count).fill({ output: { data: { n: 1 } } }));
    }
  });
}

test('a message that loops on a busy machine leaves nothing in the way of the next', (t) => {
  const script = new CodecScript(
    'codec',
    counting('(globalThis.n = 1, input.fPort === 2 ? (() => { for (;;); })() : 1)'),
    5,
  );
  // No processor time went by: the machine was busy, and the message gets its box again.
  t.mock.method(process, 'threadCpuUsage', () => ({ user: 0, system: 0 }));
  assert.equal(script.decode([{ bytes: [], fPort: 2 }], true), undefined);
  assert.deepEqual(script.decode(inputs(1), true), [{ output: { data: { n: 1 } } }]);
});

test('nobody finds a name that each message adds to a class of the language, however it asks before', () => {
  const questions: Record<string, string> = {
    'in every object': "'n' in {} ? 2 : 1; Object.prototype.n = 1",
    'among properties of its own': "Array.prototype.hasOwnProperty('n') ? 2 : 1; Array.prototype.n = 1",
    'in a list of names': 'Object.keys(String.prototype).length + 1; String.prototype.n = 1',
    'going through an object': '1; for (var name in {}) n++; Object.prototype.n = 1',
    'before a function is called that adds it': "'n' in {} ? 2 : 1; add()",
  };
  for (const [how, code] of Object.entries(questions)) {
    const script = new CodecScript(
      'codec',
      `function add() {\nObject.prototype.n = 1;\n}\nfunction decodeUplink() { var n = ${code}; return { data: { n: n } } }`,
      1000,
    );
    for (const count of [1, 1, 1, 5, 1, 3, 1]) {
      assert.deepEqual(script.decode(inputs(count), false), new Array(count).fill({ output: { data: { n: 1 } } }), how);
    }
  }
});

function inputs(count: number): object[] {
  return Array.from({ length: count }, (_, at) => ({ bytes: [1, 2, 3], fPort: 1, recvTime: 0, variables: {}, at }));
}

test('a script that needs a new context behind each message is looked through for its helpers once', (t) => {
  const script = `// helpers
String.prototype.twice = function () { return this + this };
function decodeUplink(input) { Object.freeze(Array.prototype); return { data: { a: 'b'.twice() } } }`;
  const { mock } = t.mock.method(String.prototype, 'matchAll');
  const codec = new CodecScript('codec', script, 1_000);
  for (let n = 0; n < 3; n++) assert.deepEqual(codec.decode([{}], false), [{ output: { data: { a: 'bb' } } }]);
  const looks = mock.calls.filter((call) => (call.arguments[0] as RegExp).source.includes('prototype'));
  assert.equal(looks.length, 1);
});
