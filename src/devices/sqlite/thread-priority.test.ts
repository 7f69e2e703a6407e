import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { test } from 'node:test';
import { SqliteFixture } from './testing/store-fixture.ts';
import { stepBehindTheEventLoop } from './thread-priority.ts';

test('storing and long answers step behind the event loop, which keeps its own priority', async () => {
  const own = getPriority();
  const fixture = new SqliteFixture();
  const store = await fixture.open();
  try {
    const expected =
      process.platform === 'linux'
        ? { writer: Math.min(own + 5, 19), reader: own, scanner: Math.min(own + 10, 19) }
        : {};
    assert.deepEqual(process.platform === 'linux' ? nicenessByRole() : {}, expected);
    assert.equal(getPriority(), own);
  } finally {
    await fixture.close(store);
  }
});

test('where the system refuses it, a thread goes on as it is and says so', () => {
  const setPriority = (): never => {
    throw new Error('A system error occurred: uv_os_setpriority returned EPERM (operation not permitted)');
  };
  const said = stepBehindTheEventLoop('writer', { getPriority, setPriority });
  assert.equal(said?.includes('EPERM') === true, process.platform === 'linux');
  assert.equal(stepBehindTheEventLoop('reader', { getPriority, setPriority }), undefined);
});

/** As the system has it, by the role in the name of a thread. */
function nicenessByRole(): Record<string, number> {
  const threads = readdirSync('/proc/self/task').map((thread) =>
    readFileSync(`/proc/self/task/${thread}/stat`, 'utf8'),
  );
  const found = threads.flatMap((stat) => {
    const role = /\(sqlite-(\w+)\)/.exec(stat)?.[1];
    const [, niceness] = /\) (?:\S+ ){16}(-?\d+)/.exec(stat) ?? [];
    return role === undefined ? [] : [[role, Number(niceness)] as const];
  });
  return Object.fromEntries(found);
}
