import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import { verifySecret } from '../access/secrets.ts';
import { run } from './testing/fake-server.ts';

for (const [options, form] of [
  [[], /^scrypt\$16384\$8\$1\$/],
  [['--form', 'argon2id'], /^\$argon2id\$v=19\$/],
  [['--scram'], /^SCRAM-SHA-256\$10000:/],
] as const) {
  test(`"${['sluice hash', ...options].join(' ')}" prints a hash of the first line of standard input`, async () => {
    const { status, out } = await run(['hash', ...options], { stdin: Readable.from(['correct horse\nand more\n']) });
    assert.equal(status, 0);
    assert.match(out, form);
    assert.equal(await verifySecret('correct horse', out), true);
    assert.equal(await verifySecret('correct horse\nand more', out), false);
  });
}

test('nothing is not hashed', async () => {
  const { status, err } = await run(['hash'], { stdin: Readable.from([]) });
  assert.equal(status, 2);
  assert.match(err, /give the password on standard input/);
});
