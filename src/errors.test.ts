import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from './errors.ts';

test('a refusal has no stack to pay for, and what went wrong inside has one', () => {
  const { stackTraceLimit } = Error;
  const refusal = new SluiceError('device_unknown', 'Register device "d" first: it is not known');
  assert.equal(refusal.stack, 'SluiceError: Register device "d" first: it is not known');
  const failure = new SluiceError('internal', 'It broke');
  assert.match(failure.stack ?? '', /errors\.test\.ts/);
  assert.match(new Error('other').stack ?? '', /errors\.test\.ts/);
  assert.equal(Error.stackTraceLimit, stackTraceLimit);
});
