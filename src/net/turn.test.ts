import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turnEnd } from 'node:timers/promises';
import { Turn, waitMsMin, waitPerFlush } from './turn.ts';

function turnWithOutput(): {
  turn: Turn;
  flushed: string[];
  wait: (ms: number) => void;
  write: (name: string) => void;
} {
  let elapsed = 0;
  const flushed: string[] = [];
  const turn = new Turn({ bytesOut: 0 }, () => elapsed);
  return {
    turn,
    flushed,
    wait: (ms) => {
      elapsed += ms;
    },
    write: (name) => turn.add({ flush: () => flushed.push(name) }),
  };
}

test('what a turn writes leaves at its end, each once, in the order in which it was written first', async () => {
  const { turn, flushed, write } = turnWithOutput();
  write('a');
  turn.goOn();
  write('b');
  assert.deepEqual(flushed, []);
  await turnEnd();
  assert.deepEqual(flushed, ['a', 'b']);
  write('c');
  await turnEnd();
  assert.deepEqual(flushed, ['a', 'b', 'c']);
});

test('in a long turn what has waited leaves between two inputs, and what comes behind it at the end', async () => {
  const { turn, flushed, wait, write } = turnWithOutput();
  write('a');
  wait(waitMsMin * 1.5);
  turn.goOn();
  assert.deepEqual(flushed, ['a']);
  write('b');
  turn.goOn();
  assert.deepEqual(flushed, ['a']);
  await turnEnd();
  assert.deepEqual(flushed, ['a', 'b']);
});

test('what takes long to leave leaves early again when the turn has gone on eight times as long', async () => {
  const { turn, flushed, wait, write } = turnWithOutput();
  const flushMs = waitMsMin * 2;
  turn.add({ flush: () => wait(flushMs) });
  wait(waitMsMin * 1.5);
  turn.goOn();
  write('a');
  wait(flushMs * waitPerFlush * 0.9);
  turn.goOn();
  assert.deepEqual(flushed, []);
  wait(flushMs * waitPerFlush * 0.2);
  turn.goOn();
  assert.deepEqual(flushed, ['a']);
});

test('what took long in one turn holds up nothing in the next', async () => {
  const { turn, flushed, wait, write } = turnWithOutput();
  turn.add({ flush: () => wait(waitMsMin * 2) });
  wait(waitMsMin * 1.5);
  turn.goOn();
  await turnEnd();
  write('a');
  wait(waitMsMin * 1.5);
  turn.goOn();
  assert.deepEqual(flushed, ['a']);
});

test('what is written while others leave leaves with the next', async () => {
  const { turn, flushed, write } = turnWithOutput();
  turn.add({
    flush: () => {
      flushed.push('a');
      write('b');
    },
  });
  await turnEnd();
  assert.deepEqual(flushed, ['a']);
  await turnEnd();
  assert.deepEqual(flushed, ['a', 'b']);
});
