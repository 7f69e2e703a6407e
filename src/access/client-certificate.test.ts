import assert from 'node:assert/strict';
import { test } from 'node:test';
import { alternativeNames, commonNameOf } from './client-certificate.ts';

test('one common name is read from a subject, two are none', () => {
  assert.equal(commonNameOf('C=CH\nO=Example\nCN=device-7'), 'device-7');
  assert.equal(commonNameOf('O=CN=fake\nCN=device 8'), 'device 8');
  assert.equal(commonNameOf('O=Example'), undefined);
  assert.equal(commonNameOf('CN=a\nCN=b'), undefined);
});

test('alternative names are taken apart as they were meant', () => {
  assert.deepEqual(alternativeNames(undefined), []);
  assert.deepEqual(alternativeNames('DNS:a.example, URI:urn:x:1, IP Address:192.0.2.1, email:a@b.example'), [
    'DNS:a.example',
    'URI:urn:x:1',
    'IP Address:192.0.2.1',
    'email:a@b.example',
  ]);
  assert.deepEqual(alternativeNames('DNS:"evil, DNS:admin", DNS:b'), ['DNS:evil, DNS:admin', 'DNS:b']);
  assert.deepEqual(alternativeNames('URI:"a \\"quoted\\" name"'), ['URI:a "quoted" name']);
});

test('text that does not read to its end names nobody', () => {
  assert.deepEqual(alternativeNames('DNS:a, b'), []);
  assert.deepEqual(alternativeNames('DNS:"open'), []);
});
