import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileProblems } from './file-rules.ts';
import { cycleProblems, deadFileProblems } from './import-graph.ts';
import { layerProblems } from './layers.ts';

// Each rule is shown something that breaks it, so that a rule which finds nothing any more is noticed.

test('an import of a higher layer or of a sibling is found, whichever form it has', () => {
  const forms = [
    `import { a } from '../queues/engine.ts';`,
    `import type { A } from "../queues/engine.ts";`,
    `export * from '../queues/engine.ts';`,
    `const { a } = await import('../queues/engine.ts');`,
    `let a: import('../queues/engine.ts').A;`,
    `new Worker(new URL('../queues/engine.ts', import.meta.url));`,
    `import {\n  a,\n  b,\n} from '../queues/engine.ts';`,
  ];
  for (const text of forms) {
    for (const folder of ['devices', 'storage']) {
      const problems = layerProblems(treeOf({ [`src/${folder}/a.ts`]: text, 'src/queues/engine.ts': '' }));
      assert.equal(problems.length, 1, `${folder}: ${text}`);
      assert.match(problems[0], /imports src\/queues\/engine\.ts: .* may import lower layers only/);
    }
  }
});

test('imports of lower layers and within a folder are allowed', () => {
  const text = `import '../message.ts'; import '../std/log.ts'; import './b.ts'; import '../mqtt/topics/match.ts';`;
  const files = ['src/message.ts', 'src/std/log.ts', 'src/queues/b.ts', 'src/mqtt/topics/match.ts'];
  const tree = { 'src/queues/a.ts': text, ...Object.fromEntries(files.map((file) => [file, ''])) };
  assert.deepEqual(layerProblems(treeOf(tree)), []);
});

test('the two halves of mqtt/ are siblings', () => {
  const tree = treeOf({ 'src/mqtt/codec/a.ts': `import '../topics/b.ts'`, 'src/mqtt/topics/b.ts': '' });
  assert.match(layerProblems(tree)[0], /mqtt\/codec may import lower layers only/);
});

test('a folder without a layer, and an import out of src/, are found', () => {
  assert.match(layerProblems(treeOf({ 'src/billing/a.ts': '' }))[0], /"billing" has no layer/);
  const tree = treeOf({ 'src/std/a.ts': `import '../../test/b.ts'`, 'test/b.ts': '' });
  assert.match(layerProblems(tree)[0], /src\/ imports nothing outside of it/);
});

test('a cycle is found and told from file to file', () => {
  const tree = treeOf({
    'src/a.ts': `import './b.ts'`,
    'src/b.ts': `import type {} from './c.ts'`,
    'src/c.ts': `import './b.ts'`,
  });
  assert.deepEqual(cycleProblems(tree), ['Import cycle: src/b.ts → src/c.ts → src/b.ts']);
});

test('two ways to the same file are no cycle', () => {
  const tree = treeOf({
    'src/a.ts': `import './b.ts'; import './c.ts'`,
    'src/b.ts': `import './c.ts'`,
    'src/c.ts': '',
  });
  assert.deepEqual(cycleProblems(tree), []);
});

test('a file that only its test imports is dead, and so is what it imports', () => {
  const tree = treeOf({
    'src/main.ts': `import './a.ts'`,
    'src/a.ts': '',
    'src/b.ts': `import './c.ts'`,
    'src/b.test.ts': `import './b.ts'`,
    'src/c.ts': '',
  });
  const problems = deadFileProblems(tree, { 'src/main.ts': 'runs', 'src/gone.ts': 'was a worker' });
  assert.deepEqual(
    problems.map((problem) => problem.split(' ')[0]),
    ['src/gone.ts', 'src/b.ts', 'src/c.ts'],
  );
});

test('what tests share is alive while a test uses it, and is nothing that the product may lead to', () => {
  const tree = treeOf({
    'src/main.ts': `import './testing/used-by-main.ts'`,
    'src/a.test.ts': `import './testing/fake.ts'`,
    'src/testing/fake.ts': '',
    'src/testing/unused.ts': '',
    'src/testing/used-by-main.ts': '',
  });
  assert.deepEqual(deadFileProblems(tree, { 'src/main.ts': 'runs' }), [
    'src/testing/unused.ts is dead: no test imports it',
    'src/testing/used-by-main.ts is for tests, and src/main.ts leads to it',
  ]);
});

const offences: readonly (readonly [file: string, text: string, problem: RegExp])[] = [
  ['src/std/a.ts', 'export default 1;', /^src\/std\/a\.ts:1: exports are named/],
  ['src/std/a.test.ts', `\ntest${'.'}skip('x', f);`, /^src\/std\/a\.test\.ts:2: a test is skipped/],
  ['src/std/a.test.ts', `test('x', { ${'skip'}: true }, f);`, /a test is skipped/],
  ['src/std/a.test.ts', `describe${'.'}only('x', f);`, /a test is skipped or singled out/],
  ['src/std/a.ts', `// ${'TO'}DO: later`, /is an issue/],
  ['src/std/a.ts', `try { f(); } catch ${'{}'}`, /empty catch/],
  ['src/std/a.ts', `try { f(); } catch (e) ${'{'}\n  // fine\n}`, /empty catch/],
  ['src/std/a.ts', `p.catch(() => ${'undefined'});`, /empty catch/],
  ['src/std/a.ts', `p.catch((e) => ${'{}'});`, /empty catch/],
  ['src/devices/a.ts', `new Worker(new URL('./b.ts', import.meta.url))`, /choose by the ending/],
  ['src/std/a.ts', 'x\n'.repeat(401), /has 401 lines, more than 400/],
  ['src/std/a.test.ts', `const at = Math${'.'}random();`, /chance in a test comes from forSeeds/],
  ['test/a.ts', `import { random${'Bytes'} } from 'node:crypto';`, /chance in a test/],
  ['src/queues/testing/a.ts', `new ${'Random'}(seed)`, /chance in a test/],
  ['src/std/helpers.ts', '', /"helpers\.ts" says nothing/],
  ['src/common/a.ts', '', /"common" says nothing/],
];

for (const [file, text, problem] of offences) {
  test(`${file} with ${JSON.stringify(text.slice(0, 40))} is found`, () => {
    const problems = fileProblems(treeOf({ [file]: text }));
    assert.equal(problems.length, 1, problems.join('\n'));
    assert.match(problems[0], problem);
  });
}

test('what only looks like an offence is not one', () => {
  const text = `
    try { f(); } catch (error) { log(error); }
    p.catch((error) => fail(error));
    new Random(7).below(2);
    page.skipped(1); stream.skip;
    ${'x\n'.repeat(390)}`;
  assert.deepEqual(fileProblems(treeOf({ 'src/std/a.ts': text })), []);
  assert.deepEqual(fileProblems(treeOf({ 'src/std/a.test.ts': 'x\n'.repeat(1_000) })), []);
});

function treeOf(files: Readonly<Record<string, string>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(files));
}
