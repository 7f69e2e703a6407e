import assert from 'node:assert/strict';
import { test } from 'node:test';
import { generatedSecretCost, generateSecret, hashSecret, isSecretHash, verifySecret } from './secrets.ts';

test('a secret verifies against its own hash and no other', async () => {
  const hash = await hashSecret('correct horse');
  assert.match(hash, /^scrypt\$16384\$8\$1\$/);
  assert.equal(await verifySecret('correct horse', hash), true);
  assert.equal(await verifySecret(Buffer.from('correct horse'), hash), true);
  assert.equal(await verifySecret('correct horse ', hash), false);
  assert.equal(await verifySecret('', hash), false);
});

test('two hashes of one secret differ, so that equal passwords do not show', async () => {
  assert.notEqual(await hashSecret('same', generatedSecretCost), await hashSecret('same', generatedSecretCost));
});

test('a generated secret has 160 bits and is never the same twice', () => {
  const made = new Set(Array.from({ length: 1000 }, generateSecret));
  assert.equal(made.size, 1000);
  for (const secret of made) assert.equal(Buffer.from(secret, 'base64url').length, 20);
});

test('a hash says by itself what it cost, so that cheap and dear ones verify alike', async () => {
  const secret = generateSecret();
  const hash = await hashSecret(secret, generatedSecretCost);
  assert.match(hash, /^scrypt\$2\$1\$1\$/);
  assert.equal(await verifySecret(secret, hash), true);
  assert.equal(await verifySecret(generateSecret(), hash), false);
});

test('what is not a hash, or one that would cost too much memory, verifies nothing', async () => {
  const salt = 'A'.repeat(22);
  const digest = 'A'.repeat(43);
  const bad = [
    '',
    'secret',
    'scrypt$16384$8$1$',
    `scrypt$3$8$1$${salt}$${digest}`,
    `scrypt$16384$0$1$${salt}$${digest}`,
  ];
  bad.push(
    `scrypt$67108864$8$1$${salt}$${digest}`,
    `scrypt$2$1$99$${salt}$${digest}`,
    `bcrypt$2$1$1$${salt}$${digest}`,
  );
  for (const hash of bad) {
    assert.equal(isSecretHash(hash), false, hash);
    assert.equal(await verifySecret('secret', hash), false, hash);
  }
});
