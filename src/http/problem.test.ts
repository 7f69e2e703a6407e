import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ErrorCode, errorCatalogue, SluiceError } from '../errors.ts';
import { problemAnswer } from './problem.ts';

test('every error of the catalogue becomes its problem', () => {
  for (const [code, row] of Object.entries(errorCatalogue)) {
    const { status, headers, body } = problemAnswer(new SluiceError(code as ErrorCode, 'Do this: met that'));
    assert.equal(status, row.http);
    assert.equal(headers['content-type'], 'application/problem+json');
    assert.equal(body.status, row.http);
    assert.equal(body.code, code);
    assert.equal(body.type, `urn:sluice:problem:${code}`);
    assert.equal(body.retryable, row.retryable);
    assert.equal(headers['retry-after'] !== undefined, [429, 503, 507].includes(row.http));
    assert.equal(headers['www-authenticate'] !== undefined, row.http === 401);
  }
});

test('a problem carries what the error knows besides, and its own fields win', () => {
  const detail = { stage: 'validate', messageId: 'm1', retryAfterSeconds: 2.5, status: 200, code: 'x' };
  const { headers, body } = problemAnswer(new SluiceError('queue_full', 'Send it later', { detail }));
  assert.equal(body.stage, 'validate');
  assert.equal(body.messageId, 'm1');
  assert.equal(body.status, 429);
  assert.equal(body.code, 'queue_full');
  assert.equal(headers['retry-after'], '3');
});

test('what is not of the catalogue says nothing of the inside', () => {
  for (const thrown of [new Error('ENOENT /secret/path'), 'text', undefined]) {
    const { status, body } = problemAnswer(thrown);
    assert.equal(status, 500);
    assert.equal(body.code, 'internal');
    assert.doesNotMatch(body.detail, /secret|text/);
  }
});
