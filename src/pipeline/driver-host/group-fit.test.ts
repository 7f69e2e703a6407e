import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GroupFit } from './group-fit.ts';
import { groupMax } from './job.ts';

/** Runs groups of a script that takes so long for a message, in boxes of 100 ms; answers how long all of it took per message. */
function drain(fit: GroupFit, groups: number, msPerMessage: number): number {
  let messages = 0;
  let ms = 0;
  for (let group = 0; group < groups; group++) {
    const count = fit.lengthOf(1);
    const took = Math.min(100, count * msPerMessage);
    fit.took(1, count, took);
    ms += took === 100 ? 100 + count * msPerMessage : took;
    messages += count;
  }
  return ms / messages;
}

test('a slow script runs in groups that fit into a time box', () => {
  const fit = new GroupFit(100);
  drain(fit, 8, 2);
  assert.equal(drain(fit, 100, 2), 2);
  drain(fit, 8, 45);
  assert.equal(drain(fit, 100, 45), 45);
  assert.equal(fit.lengthOf(2), groupMax);
});

test('groups are as long as ever once the script is fast, or only one message was slow', () => {
  const fit = new GroupFit(100);
  drain(fit, 8, 45);
  drain(fit, 8, 0.1);
  assert.equal(fit.lengthOf(1), groupMax);
  fit.took(1, groupMax, 100);
  assert.equal(fit.lengthOf(1), groupMax / 2);
  fit.took(1, 5, 1);
  assert.equal(fit.lengthOf(1), groupMax / 2);
  fit.took(1, groupMax / 2, 1);
  assert.equal(fit.lengthOf(1), groupMax);
});
