import assert from 'node:assert/strict';
import process from 'node:process';
import { test } from 'node:test';
import { numberOfThisThread, processorMsOf } from './processor-time.ts';

test('the processor time of a thread is what its own account says', () => {
  const before = process.threadCpuUsage();
  const told = processorMsOf(process.pid, numberOfThisThread()) ?? assert.fail('the system keeps no account');
  while (spentMs(before) < 100);
  const spent = (processorMsOf(process.pid, numberOfThisThread()) ?? 0) - told;
  assert.ok(spent >= 80 && spent <= spentMs(before) + 20, `${spent}`);
});

test('the number of a process is also that of its main thread', () => {
  assert.equal(numberOfThisThread(), process.pid);
  assert.equal(typeof processorMsOf(process.pid), 'number');
});

test('a process that is gone has no account', () => {
  assert.equal(processorMsOf(0), undefined);
});

function spentMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.threadCpuUsage(since);
  return (user + system) / 1_000;
}
