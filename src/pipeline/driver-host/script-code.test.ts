import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codeOf } from './script-code.ts';
import { bodyOf, extendsClasses, globalVariables, importsAtRunTime } from './script-form.ts';
import { namesUnasked } from './script-preamble.ts';

test('comments and texts are left out, each with a space in its place', () => {
  const cases: Record<string, string> = {
    'a /* b */ c // d\ne': 'a   c  \ne',
    'a("b\\"c", \'d"e\', `f\n${g}`)': 'a( ,  ,  )',
    'a <!-- b\nc': 'a  \nc',
    '"a // b" + c': '  + c',
    'a = /"/; b("c")\nd': 'a = / c")\nd',
    'it\'s\n"a"': "it's\n ",
    '`a /* b': '`a /* b',
    '/* a "b"': '/* a  ',
    '"a\\"b': '"a\\"b',
  };
  for (const [source, code] of Object.entries(cases)) assert.equal(codeOf(source), code, source);
});

test('no script is looked through again and again: that happens outside of any time box', () => {
  const times = 20_000;
  const scripts = {
    'function and blanks': `this[k];\nfunction${' '.repeat(times)}(`,
    'escaped quotation marks': '"a\\'.repeat(times),
    'the same where prototypes are extended': `has prototype ${'"a\\'.repeat(times)}`,
    'import in one line of comments': 'import//'.repeat(times),
    'comments without end': '/*'.repeat(times),
    'the same where prototypes are extended and names asked for': `has prototype ${'/* '.repeat(4 * times)}`,
    'names for many classes of its own': many(times, (n) => `A${n}.prototype.b = 1;`),
    'beginnings of many names': many(times / 2, (n) => `this['a${n}' + k];\nfunction f${n}() {}\n`),
    'comments of another kind': 'import<!--'.repeat(times),
  };
  for (const [name, source] of Object.entries(scripts)) {
    const { user } = process.cpuUsage();
    bodyOf(source, false, []);
    globalVariables(source);
    importsAtRunTime(source);
    extendsClasses(source);
    namesUnasked(source);
    // One that goes through the rest of the script from each place takes minutes for the longest that may be; these, seconds.
    assert.ok(process.cpuUsage().user - user < 1_500_000, name);
  }
});

function many(count: number, written: (n: number) => string): string {
  return Array.from({ length: count }, (_, n) => written(n)).join('');
}
