import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Lifecycle, type Part } from './lifecycle.ts';

test('parts start in order, each after the one before, and stop in reverse', async () => {
  const told: string[] = [];
  const lifecycle = new Lifecycle([part('storage', told), part('broker', told), part('net', told)]);
  await lifecycle.start();
  await lifecycle.stop();
  assert.deepEqual(told, ['+storage', '+broker', '+net', '-net', '-broker', '-storage']);
});

test('a part that fails to start stops what stands, itself included, and its error names it', async () => {
  const told: string[] = [];
  const cause = new Error('port 1883 is taken');
  const net = part('net', told, { start: cause });
  const lifecycle = new Lifecycle([part('storage', told), net, part('http', told)]);
  await assert.rejects(lifecycle.start(), (error: Error) => {
    assert.equal(error.message, 'Cannot start net: port 1883 is taken');
    assert.equal(error.cause, cause);
    return true;
  });
  assert.deepEqual(told, ['+storage', '+net', '-net', '-storage']);
});

test('a part that fails to stop does not keep the others from stopping, and is told at the end', async () => {
  const told: string[] = [];
  const problem = new Error('disk is gone');
  const lifecycle = new Lifecycle([part('storage', told), part('queues', told, { stop: problem }), part('net', told)]);
  await lifecycle.start();
  await assert.rejects(lifecycle.stop(), (error: AggregateError) => {
    assert.deepEqual(error.errors, [problem]);
    return true;
  });
  assert.deepEqual(told.slice(3), ['-net', '-queues', '-storage']);
});

test('when stopping after a failed start fails too, both problems are told, the first in front', async () => {
  const stopProblem = new Error('cannot close');
  const lifecycle = new Lifecycle([
    part('storage', [], { stop: stopProblem }),
    part('net', [], { start: new Error('taken') }),
  ]);
  await assert.rejects(lifecycle.start(), (error: AggregateError) => {
    assert.equal(error.message, 'Cannot start net: taken');
    assert.equal(error.errors[1], stopProblem);
    return true;
  });
});

test('stopping twice stops each part once', async () => {
  const told: string[] = [];
  const lifecycle = new Lifecycle([part('storage', told)]);
  await lifecycle.start();
  await lifecycle.stop();
  await lifecycle.stop();
  assert.deepEqual(told, ['+storage', '-storage']);
});

function part(name: string, told: string[], problems: { start?: Error; stop?: Error } = {}): Part {
  return {
    name,
    async start() {
      await Promise.resolve();
      told.push(`+${name}`);
      if (problems.start !== undefined) throw problems.start;
    },
    stop() {
      told.push(`-${name}`);
      if (problems.stop !== undefined) throw problems.stop;
    },
  };
}
