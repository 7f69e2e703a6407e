import assert from 'node:assert/strict';
import process from 'node:process';
import { test } from 'node:test';
import v8 from 'node:v8';
import vm from 'node:vm';
import { CodecScript } from './sandbox.ts';
import { installTables } from './sandbox-tables.ts';

const rows = Array.from({ length: 200 }, (_, at) => ({ id: at, name: `row ${at}`, range: { min: -at, max: at } }));
const listText = JSON.stringify(rows);
const named = Object.fromEntries(rows.map((row) => [`k${row.id}`, row]));
const objectText = JSON.stringify({ ...named, 7: rows[7], length: 3, ['__proto__']: rows[1] });

/** Looks at a table in all ways there are; `t` is a list or an object with 200 and more places. */
const looks = [
  't.length',
  't[7].name',
  't.k7',
  'Object.keys(t).join()',
  '(t.__proto__ || {}).id',
  'Reflect.ownKeys(t).length',
  'JSON.stringify(t)',
  '"k3" in t || 3 in t',
  't.hasOwnProperty("length")',
  'Array.isArray(t)',
  'Object.prototype.toString.call(t)',
  't instanceof Array',
  'Object.getPrototypeOf(t) === Object.prototype',
  'Object.getOwnPropertyDescriptor(t, "k5")',
  'Object.getOwnPropertyDescriptor(t, "length")',
  'Object.getOwnPropertyDescriptor(t, 5)',
  '(function () { var n = 0; for (var k in t) n++; return n })()',
  'Object.entries(t).length',
  'Object.assign({}, t).k9',
  '[].concat(t).length',
  '[].concat(t, [1])[0].id',
  'Array.from(t).length',
  'Object.create(t).k3',
  'Object.isExtensible(t)',
  'Object.isFrozen(t)',
  'Object.isFrozen(Object.freeze(t)) && Object.keys(t).length',
  'Object.isSealed(Object.preventExtensions(t)) || Object.keys(t).length',
  '(t.added = 5, Object.keys(t).pop())',
  '(t.k1 = 5, t.k1)',
  '(delete t.k1, delete t[0], Object.keys(t).length)',
  '(t.length = 1, Object.keys(t).length)',
  '(Object.defineProperty(t, "k2", { get: function () { return 4 } }), t.k2)',
  '(Object.setPrototypeOf(t, { other: 6 }), t.other + typeof t[2])',
  '(Array.prototype.push.call(t, 9), t.length)',
  '(Array.prototype.sort.call(t, function (a, b) { return b.id - a.id }), t[0])',
  '(Object.prototype.late = 1, t.late + Object.keys(t).length)',
  '(Object.defineProperty(Array.prototype, 0, { set: function () { throw 1 }, configurable: true }), typeof t[0])',
];

function script(look: string, text: string): string {
  return `const t = JSON.parse(${JSON.stringify(text)});
    function decodeUplink(i) { var seen = i.bytes[0] ? ${look} : 'nothing'; return { data: { seen: seen === undefined ? 'none' : seen } } }`;
}

for (const [kind, text] of Object.entries({ list: listText, object: objectText })) {
  test(`a table that is a ${kind} is to every look what it is where nothing is put off`, () => {
    for (const look of looks) {
      const source = script(look, text);
      const codec = new CodecScript('codec', source, 1000);
      const idle = { bytes: [0] };
      const looking = { bytes: [1] };
      const alone = vm.runInNewContext(`${source}; JSON.stringify(decodeUplink({ bytes: [1] }))`) as string;
      const expected = { output: JSON.parse(alone) };
      for (let round = 0; round < 3; round++) {
        for (let message = 0; message < 6; message++) codec.decode([idle], false);
        assert.deepEqual(codec.decode([looking], false), [expected], look);
        assert.deepEqual(codec.decode([looking, idle, looking], false)?.[2], expected, look);
      }
    }
  });
}

test('what one message writes into a table is not there for the next', () => {
  const source = `const t = JSON.parse(${JSON.stringify(listText)}); const again = JSON.parse(${JSON.stringify(listText)});
    function decodeUplink(i) {
      const before = [t.length, t[3].name, t[3].range.max, t.seen, again.length, again[3].range.max, t === again];
      t[3].name = 'changed'; t[3].range.max = i.bytes[0]; t.push(1); t.seen = i.bytes; again.pop(); t.__proto__ = { map: 1 };
      if (i.bytes[0] === 2) { Object.freeze(t); Object.freeze(t[3].range); }
      return { data: { before: before } };
    }`;
  const codec = new CodecScript('codec', source, 1000);
  const expected = { output: { data: { before: [200, 'row 3', 3, null, 200, 3, false] } } };
  for (let message = 0; message < 20; message++) {
    assert.deepEqual(codec.decode([{ bytes: [message] }], false), [expected]);
    const group = codec.decode([{ bytes: [1] }, { bytes: [2] }, { bytes: [3] }], false);
    assert.deepEqual(group, [expected, expected, expected]);
  }
});

test('a script that names properties of every object after traps does not get at how tables are put off', () => {
  const source = `const names = ['get', 'set', 'has', 'ownKeys', 'apply', 'getPrototypeOf', 'setPrototypeOf', 'isExtensible', 'value'];
    const called = [];
    names.forEach(function (name) { Object.prototype[name] = function () { called.push(name) } });
    Map.prototype.get = Map.prototype.set = Reflect.apply = function () { called.push('taken') };
    Array.prototype[Symbol.iterator] = Array.prototype.push = function () { called[called.length] = 'walked' };
    const t = JSON.parse(${JSON.stringify(listText)});
    function decodeUplink() { return { data: { size: t.length, first: t[0].name, kind: Object.getPrototypeOf(t) === Array.prototype, called: called } } }`;
  const codec = new CodecScript('codec', source, 1000);
  const expected = { output: { data: { size: 200, first: 'row 0', kind: true, called: [] } } };
  for (let message = 0; message < 12; message++) assert.deepEqual(codec.decode([{ bytes: [] }], false), [expected]);
});

test('a table that was first looked at where the stack ends is whole all the same', () => {
  const source = `const t = JSON.parse(${JSON.stringify(listText)});
    function down(rest, look) { return rest > 0 ? down(rest - 1, look) + 1 : look() }
    function fits(rest, look) { try { down(rest, look); return true } catch (problem) { return false } }
    function decodeUplink(i) {
      let fitting = 0;
      for (let step = 65536; step >= 1; step /= 2) if (fits(fitting + step, function () { return 0 })) fitting += step;
      let back = 0;
      // What was compiled in between needs more or less of the stack: far from its end the steps become longer.
      while (!fits(fitting - back, function () { return t[5].id })) back += back < 64 ? 1 : back;
      return { data: { size: t.length, last: t[199].name, sum: t.reduce(function (sum, row) { return sum + row.id }, 0) } };
    }`;
  const codec = new CodecScript('codec', source, 10_000);
  const expected = { output: { data: { size: 200, last: 'row 199', sum: 19900 } } };
  for (let message = 0; message < 2; message++) assert.deepEqual(codec.decode([{ bytes: [] }], false), [expected]);
});

test('a text that is no JSON fails each time, and one that is read in another way is read at once', () => {
  const long = ' '.repeat(3000);
  const source = `function decodeUplink() {
      let told = '';
      try { JSON.parse('${long}{') } catch (problem) { told = problem.name }
      const kept = JSON.parse('${long}[1,2]', function (name, value) { return name === '0' ? undefined : value });
      return { data: { told: told, kept: kept.length + String(0 in kept), word: JSON.parse('${long}7'), none: JSON.parse('${long}null') } };
    }`;
  const codec = new CodecScript('codec', source, 1000);
  const expected = { output: { data: { told: 'SyntaxError', kept: '2false', word: 7, none: null } } };
  for (let message = 0; message < 3; message++) assert.deepEqual(codec.decode([{ bytes: [] }], false), [expected]);
});

/** How often the texts of tables were read, by a realm that counts; a text in quotes is no table. */
function counting(): { readonly ask: (code: string) => unknown; readonly reads: () => unknown } {
  const context = vm.createContext({ text: listText });
  const ask = (code: string): unknown => vm.runInContext(code, context);
  ask(
    "var reads = 0; const read = JSON.parse; JSON.parse = function (text) { if (text[0] !== '\"') reads++; return read(text) };",
  );
  ask(`(${installTables})()`);
  return { ask, reads: () => ask('reads') };
}

test('a long text that was read before is not read again until somebody looks, and then once', () => {
  const { ask, reads } = counting();
  for (let message = 0; message < 10; message++) ask('var table = JSON.parse(text)');
  assert.equal(reads(), 1);
  assert.equal(ask('table[5].name + table.length'), 'row 5200');
  assert.equal(reads(), 2);
});

test('a table that every message looks at is read at once, but for one in four', () => {
  const { ask, reads } = counting();
  const isPutOff = (): boolean => {
    const before = Number(reads());
    ask('var table = JSON.parse(text)');
    const isRead = Number(reads()) > before;
    ask('table[0]');
    return !isRead;
  };
  const putOff = Array.from({ length: 40 }, isPutOff).filter(Boolean).length;
  assert.ok(putOff > 0 && putOff <= 10, `${putOff} of 40`);
});

test('no more than a million characters of texts are remembered', () => {
  const { ask, reads } = counting();
  const texts = 200;
  const readAll = (): unknown => ask(`for (let at = 0; at < ${texts}; at++) JSON.parse(text + ' '.repeat(at))`);
  readAll();
  readAll();
  assert.ok(Number(reads()) > texts && Number(reads()) < 2 * texts, String(reads()));
});

test('a table that was cut out of a long text does not hold on to all of it', () => {
  const source = `function decodeUplink(input) {
    var long = '[' + new Array(2000000).join(' ') + ']';
    var text = (long + JSON.stringify({ n: input.n, padding: new Array(2500).join('x') })).slice(long.length);
    return { data: { n: JSON.parse(text).n } };
  }`;
  const codec = new CodecScript('codec', source, 5000);
  codec.decode([{ n: 0 }], false);
  const before = heapInUse();
  for (let n = 1; n <= 30; n++) assert.deepEqual(codec.decode([{ n }], false), [{ output: { data: { n } } }]);
  assert.ok(heapInUse() - before < 20_000_000, 'Thirty texts of 2 MB each are not kept');
});

function heapInUse(): number {
  v8.setFlagsFromString('--expose-gc');
  vm.runInNewContext('gc')();
  v8.setFlagsFromString('--no-expose-gc');
  return process.memoryUsage().heapUsed;
}
