import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turnEnd } from 'node:timers/promises';
import { Turn, waitMsMin, waitPerFlush } from './turn.ts';
import { keptReadsMax, shortReadBytesMax } from './turn-input.ts';

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

function keep(turn: Turn, text: string, callback: (text: string) => void): void {
  const read = Buffer.from(`${text} and what was read before`);
  turn.keep(read, text.length, (bytes) => callback(bytes.toString()));
  // The next read writes over it.
  read.fill(0);
}

test('what a turn reads is handled at its end, each as it came, and what that writes leaves behind it in the same turn', async () => {
  const { turn, flushed, write } = turnWithOutput();
  const handled: string[] = [];
  for (const text of ['one', 'three', 'two', '']) {
    keep(turn, text, (bytes) => {
      assert.deepEqual(flushed, []);
      handled.push(bytes);
      write(`answer to ${bytes}`);
    });
  }
  assert.deepEqual(handled, []);
  await turnEnd();
  assert.deepEqual(handled, ['one', 'three', 'two', '']);
  assert.deepEqual(flushed, ['answer to one', 'answer to three', 'answer to two', 'answer to ']);
});

test('what is handled before the turn ends is not handled again', async () => {
  const { turn } = turnWithOutput();
  const handled: string[] = [];
  keep(turn, 'first', (bytes) => handled.push(bytes));
  turn.handle();
  assert.deepEqual(handled, ['first']);
  keep(turn, 'second', (bytes) => handled.push(bytes));
  await turnEnd();
  assert.deepEqual(handled, ['first', 'second']);
});

test('what a turn has kept is handled as soon as there are many, and the rest at its end', async () => {
  const { turn } = turnWithOutput();
  const handled: string[] = [];
  const texts = Array.from({ length: keptReadsMax + 2 }, (_, n) => String(n).padEnd(shortReadBytesMax, '.'));
  for (const [n, text] of texts.entries()) {
    assert.equal(handled.length, n < keptReadsMax ? 0 : keptReadsMax);
    keep(turn, text, (bytes) => handled.push(bytes));
  }
  await turnEnd();
  assert.deepEqual(handled, texts);
});

test('what is read while others are handled is kept for the next turn', async () => {
  const { turn } = turnWithOutput();
  const handled: string[] = [];
  keep(turn, 'outer', (bytes) => {
    handled.push(bytes);
    setImmediate(() => keep(turn, 'later', (later) => handled.push(later)));
  });
  await turnEnd();
  assert.deepEqual(handled, ['outer']);
  await turnEnd();
  await turnEnd();
  assert.deepEqual(handled, ['outer', 'later']);
});
