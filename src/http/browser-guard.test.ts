import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../errors.ts';
import { refuseForeignPage } from './browser-guard.ts';

const passes = (host: string | undefined, origin: string | undefined, loopbackOnly = true): void =>
  refuseForeignPage({ host, origin }, loopbackOnly);

function refused(host: string | undefined, origin: string | undefined, loopbackOnly = true): void {
  assert.throws(
    () => passes(host, origin, loopbackOnly),
    (problem) => problem instanceof SluiceError && problem.code === 'not_authorized',
    `${host} ${origin}`,
  );
}

test('programs and the own pages pass', () => {
  for (const host of [
    'localhost:8080',
    'LOCALHOST',
    '127.0.0.1:8080',
    '127.1.2.3',
    '[::1]:8080',
    '[::1]',
    'sluice.localhost:1',
  ]) {
    passes(host, undefined);
    passes(host, `http://${host}`);
    passes(host, `https://${host}`);
  }
  passes(undefined, undefined);
});

test('a page of another origin is refused', () => {
  const others = [
    'http://evil.example',
    'null',
    '',
    'http://localhost:3000',
    'http://localhost',
    'http://127.0.0.1:8080',
  ];
  others.push(
    'http://localhost:8080.evil.example',
    'http://evil@localhost:8080',
    'http://localhost:8080/',
    'file://localhost:8080',
  );
  for (const origin of others) {
    refused('localhost:8080', origin);
    refused('localhost:8080', origin, false);
  }
  refused(undefined, 'http://localhost:8080');
});

test('a name that was made to resolve to this machine is refused', () => {
  const names = [
    'evil.example',
    'evil.example:8080',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'notlocalhost',
    '0.0.0.0:8080',
  ];
  names.push('192.0.2.1', '[::]', '[2001:db8::1]:80', '127.0.0.1:8080:1', '', 'localhost@evil.example');
  for (const host of names) {
    refused(host, undefined);
    refused(host, `http://${host}`);
  }
});

test('who gave credentials may use any name of the server', () => {
  passes('sluice.example', undefined, false);
  passes('sluice.example:443', 'https://sluice.example:443', false);
});
