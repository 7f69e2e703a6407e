import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Program } from './clients/program.ts';

/** What each is about, and what its account says in the end. */
const examples: readonly (readonly [name: string, about: string, account: RegExp])[] = [
  [
    'image-workers',
    'workers that die in the middle of a job lose none and double none',
    /120 pictures, 120 thumbnails, 0 lost, 0 made twice, 0 left in the queue/,
  ],
  [
    'lamp',
    'a lamp that is slow to change shows what it began with and then the last colour, green',
    /1000 colours sent, the lamp showed red, then green, 0 that were out of date/,
  ],
  [
    'burst',
    'a burst that is faster than its consumer waits on disk, through a kill -9',
    /3000 messages, 3000 done, 0 lost, 0 done twice, 0 left in the queue/,
  ],
];

for (const [name, about, account] of examples) {
  test(`the example ${name}: ${about}`, async () => {
    const file = fileURLToPath(new URL(`../examples/${name}/${name}.ts`, import.meta.url));
    const { code, stdout, stderr } = await new Program(process.execPath, [file]).ended;
    assert.equal(code, 0, `${stdout}\n${stderr}`);
    assert.match(stdout, account);
    assert.match(stdout, /It adds up\./);
  });
}
