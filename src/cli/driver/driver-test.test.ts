import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { run } from '../testing/fake-server.ts';

let cwd = '';
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'sluice-cli-'));
});
afterEach(() => rm(cwd, { recursive: true }));

test('driver new makes a driver whose examples driver test finds as expected', async () => {
  const made = await run(['driver', 'new', 'thermometer', '--device-type', 'th'], { cwd });
  assert.equal(made.status, 0);
  assert.match(made.out, /sluice driver put thermometer 1\.0\.0 .* --device-type th/);
  const tested = await run(['driver', 'test', 'thermometer'], { cwd });
  assert.equal(
    tested.out,
    'ok      21.5 degrees\nok      cut off\nDriver thermometer 1.0.0: 2 of 2 examples as expected.',
  );
  assert.equal(tested.status, 0);
});

test('driver new leaves a folder alone that is there, and names nothing outside of its own', async () => {
  await run(['driver', 'new', 'mine'], { cwd });
  await writeFile(join(cwd, 'mine', 'codec.js'), 'work of hours');
  const again = await run(['driver', 'new', 'mine'], { cwd });
  assert.equal(again.status, 1);
  assert.equal(again.err, 'Cannot make folder "mine": it is there already; name another driver, or remove it');
  assert.equal(await readFile(join(cwd, 'mine', 'codec.js'), 'utf8'), 'work of hours');
  for (const id of ['..', 'a/b', '']) assert.equal((await run(['driver', 'new', id], { cwd })).status, 1);
});

test('driver test fails where an example becomes something else, and shows both', async () => {
  await folder('function decodeUplink(i) { return { data: { n: i.bytes.length }, warnings: ["low"] } }', [
    example('one', '00', { data: { n: 1 } }),
    example('two', '0000', { data: { n: 3 } }),
    example('warned', '00', { data: { n: 1 }, warnings: ['high'] }),
    example('refused', '00', { errors: ['too short'] }),
    example('as messages', '00', { messages: [{ data: { n: 1 } }] }),
  ]);
  const { status, out } = await run(['driver', 'test', '.'], { cwd });
  assert.equal(status, 1);
  assert.deepEqual(out.split('\n'), [
    'ok      one',
    'failed  two',
    '  expected [{"data":{"n":3}}]',
    '  met      [{"data":{"n":2}}]',
    'failed  warned',
    '  expected {"warnings":["high"]}',
    '  met      {"warnings":["low"]}',
    'failed  refused',
    '  expected ["too short"]',
    '  met      [{"data":{"n":1}}]',
    'ok      as messages',
    'Driver d 1.0.0: 2 of 5 examples as expected.',
  ]);
});

test('driver test tells a loop from an answer, and a script that does not load from one that does', async () => {
  await folder('function decodeUplink() { for (;;); }', [example('loops', '00', { data: {} })]);
  assert.match(
    (await run(['driver', 'test', '.'], { cwd })).out,
    /^ {2}met {6}"The driver did not answer within 100 ms of processor time \(tries: \d, together \d+ ms by the clock\)"$/m,
  );
  await folder('function decodeUplink( {', [example('any', '00', { data: {} })]);
  const broken = await run(['driver', 'test', '.'], { cwd });
  assert.deepEqual([broken.status, /Cannot load driver "d@1\.0\.0"/.test(broken.err)], [1, true]);
});

test('driver test without examples fails, and a wrong manifest is told field by field', async () => {
  await folder('function decodeUplink() { return { data: {} } }', []);
  const none = await run(['driver', 'test', '.'], { cwd });
  assert.deepEqual([none.status, none.out], [1, 'Add examples to driver.json: driver d 1.0.0 has none.']);
  await folder('', [{ ...example('odd', '0', {}), fport: 1 }]);
  const { status, err } = await run(['driver', 'test', '.'], { cwd });
  assert.equal(status, 1);
  assert.match(err, /Unknown field "driver\.json\.examples\[0\]\.fport"/);
  assert.match(err, /driver\.json\.examples\[0\]\.bytes/);
  assert.match(
    (await run(['driver', 'test', 'nowhere'], { cwd })).err,
    /Cannot read ".*driver\.json": there is no such.*`sluice driver new NAME`/,
  );
});

function example(description: string, bytes: string, output: object) {
  return { description, bytes, output };
}

async function folder(script: string, examples: readonly object[]): Promise<void> {
  await writeFile(join(cwd, 'driver.json'), JSON.stringify({ id: 'd', version: '1.0.0', deviceType: 't', examples }));
  await writeFile(join(cwd, 'codec.js'), script);
}
