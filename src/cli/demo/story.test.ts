import assert from 'node:assert/strict';
import { test } from 'node:test';
import { run } from '../testing/fake-server.ts';

test('the demo plays to its end, through a kill, and its account adds up', async () => {
  const seed = Math.floor(Math.random() * 1_000_000);
  const { status, out, err } = await run(['demo', '--seed', String(seed)]);
  assert.equal(status, 0, `seed ${seed}\n${out}\n${err}`);
  assert.match(out, /^ +lost +0 /m);
  assert.match(out, /It adds up: /);
});
