import assert from 'node:assert/strict';
import { test } from 'node:test';
import vm from 'node:vm';
import type { Random } from '../../std/testing/random.ts';
import { forSeeds } from '../../std/testing/seed.ts';
import { CodecScript, type ScriptAnswer } from './sandbox.ts';

// Scripts at random that leave things in places that messages share, under conditions, and then tell what they find there. In which
// order names were added may differ: those of the message before keep their places.

const globals = ['alpha', 'beta', 'status', 'length', 'name'];
const conditions = ['b[0] & 1', 'b[0] & 2', 'b[1] > 2', 'true'];
const leaving = [
  ...globals.flatMap((name) => [`${name} = b[0];`, `for (${name} = 0; ${name} < b[1]; ${name}++);`]),
  'Array.prototype.first = b[0];',
  'Array.prototype.last = b[1];',
  'String.prototype.pad = b[0];',
  'Object.prototype.extra = 2;',
  'Math.more = b[0];',
  'Number.isInteger = function () { return 9 };',
  "Object.defineProperty(Array.prototype, 'at', { value: function () { return 7 }, configurable: true });",
  "Object.defineProperty(Array.prototype, 'hidden', { value: b[1], configurable: true });",
  'console.kept = b[0];',
  '/(b)/.exec("abc");',
];
const telling = [
  ...globals.flatMap((name) => [name, `typeof ${name}`]),
  '[].first',
  "'last' in []",
  "''.pad",
  '({}).extra',
  'Math.more',
  'Number.isInteger(1)',
  '[5].at(0)',
  '[].hidden',
  'console.kept',
  'RegExp.$1',
  'Object.keys(Array.prototype).sort().join()',
  '(function () { var names = []; for (var at in []) names.push(at); return names.sort().join() })()',
];

test('a script answers a message as it does alone in a context without a guard', () => {
  forSeeds(60, (random) => {
    const source = scriptFrom(random);
    const codec = new CodecScript('codec', source, 1000);
    const messages = random.list(3, 6, () => ({ bytes: [random.below(4), random.below(5)] }));
    const alone = messages.map((message) => answerAlone(source, message));
    for (let round = 0; round < 6; round++) {
      const order = random.list(1, 8, () => random.below(messages.length));
      const asked = order.map((at) => messages[at]);
      const met = random.chance(50)
        ? codec.decode(asked, false)
        : asked.flatMap((message) => codec.decode([message], false) ?? []);
      const expected = order.map((at) => alone[at]);
      assert.deepEqual(met, expected, source);
    }
  });
});

function scriptFrom(random: Random): string {
  const left = random.list(1, 5, () => `if (${random.pick(conditions)}) { ${random.pick(leaving)} }`);
  const told = random.list(1, 5, () => `out.push(${random.pick(telling)});`);
  return [
    'function decodeUplink(i) {',
    'var b = i.bytes, out = [];',
    ...left,
    ...told,
    'return { data: { out: out } };',
    '}',
  ].join('\n');
}

function answerAlone(source: string, message: object): ScriptAnswer {
  const context = vm.createContext({ console: {}, given: JSON.stringify(message) });
  vm.runInContext(source, context);
  try {
    const text = vm.runInContext('JSON.stringify(decodeUplink(JSON.parse(given)))', context);
    return { output: JSON.parse(text) };
  } catch (problem) {
    return { threw: (problem as Error).message };
  }
}

/** Scripts that count in what runs them. One who finds nothing to count in answers 1. */
const countingOutside = {
  'the function that calls it': `function decodeUplink() {
    var caller = decodeUplink.caller || {};
    return { data: { n: caller.n = (caller.n || 0) + 1 } };
  }`,
  'the function that loads it': `var caller = (function () { return arguments.callee.caller.caller || {}; })();
    caller.n = (caller.n || 0) + 1;
    function decodeUplink() { return { data: { n: caller.n } }; }`,
  'the functions on its stack': `function decodeUplink() {
    Error.prepareStackTrace = function (_, sites) { return sites; };
    var most = 1;
    new Error('').stack.forEach(function (site) {
      var found = site.getFunction();
      if (found && found !== decodeUplink) most = Math.max(most, found.n = (found.n || 0) + 1);
    });
    return { data: { n: most } };
  }`,
  'a function that it answers in place of its own': `return {
    decodeUplink: function () { return { data: { n: globalThis.n || 1 } }; },
    unassigned: function () { return { toString: function () { globalThis.n = (globalThis.n || 1) + 1; return ''; } }; },
  };`,
};

for (const [place, source] of Object.entries(countingOutside)) {
  test(`a script leaves nothing for the next message in ${place}`, () => {
    const codec = new CodecScript('codec', source, 1000);
    const message = { bytes: [1] };
    const asked = [[message], [message], [message, message, message], [message, message]];
    const met = asked.flatMap((messages) => codec.decode(messages, false) ?? []);
    assert.deepEqual(
      met.map(({ output, threw }) => threw ?? (output as { data: { n: number } }).data.n),
      met.map(() => 1),
    );
  });
}
