import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeArgon2Hash } from './argon2-hash.ts';
import { formatScramVerifier, makeScramVerifier } from './scram-verifier.ts';
import {
  generatedSecretCost,
  generateSecret,
  hashSecret,
  isBrokenHash,
  isSecretHash,
  verifySecret,
} from './secrets.ts';

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

test('a hash of argon2id in PHC form verifies, as other programs write it', async () => {
  // The reference implementation: echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1
  const hash = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
  assert.equal(isSecretHash(hash), true);
  assert.equal(await verifySecret('password', hash), true);
  assert.equal(await verifySecret('Password', hash), false);
  const own = await makeArgon2Hash('correct horse');
  assert.match(own, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  assert.equal(await verifySecret('correct horse', own), true);
  assert.equal(await verifySecret('correct house', own), false);
});

test('a hash of argon2id that would cost too much is none', () => {
  const rest = 'c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
  const costs = ['m=65537,t=1,p=1', 'm=4096,t=17,p=1', 'm=65536,t=5,p=1', 'm=4096,t=1,p=17', 'm=64,t=1,p=16'];
  costs.push('m=4096,t=0,p=1', 'm=4096,t=1,p=0', 'm=4,t=1,p=1', 'm=99999999,t=1,p=1');
  for (const cost of costs) assert.equal(isSecretHash(`$argon2id$v=19$${cost}$${rest}`), false, cost);
  assert.equal(isSecretHash(`$argon2id$v=19$m=4096,t=1,p=1$${rest}`), true);
  for (const head of ['$argon2i$v=19', '$argon2id$v=16', '$argon2d$v=19'])
    assert.equal(isSecretHash(`${head}$m=4096,t=1,p=1$${rest}`), false, head);
});

test('a verifier of SCRAM-SHA-256 checks the password too, whichever way it is spelt', async () => {
  const verifier = formatScramVerifier(await makeScramVerifier('caf\u00e9'));
  assert.equal(isSecretHash(verifier), true);
  assert.equal(await verifySecret('caf\u00e9', verifier), true);
  assert.equal(await verifySecret('cafe\u0301', verifier), true);
  assert.equal(await verifySecret('cafe', verifier), false);
});

test('what begins like a hash and is none is taken for a mistake, not for a password', () => {
  for (const text of ['scrypt$1$2', '$argon2id$v=19$m=1', '$argon2i$x', 'SCRAM-SHA-256$1:a$b:c'])
    assert.equal(isBrokenHash(text), true, text);
  for (const text of ['scrypt', 'secret', '', '$2b$10$abc']) assert.equal(isBrokenHash(text), false, text);
});
