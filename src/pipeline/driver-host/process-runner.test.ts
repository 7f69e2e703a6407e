import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { type TestContext, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { type Clock, SimulatedClock, systemClock } from '../../std/clock.ts';
import { silentLog } from '../../std/log.ts';
import type { DecodeResult } from '../driver.ts';
import { Batch } from './batch.ts';
import { startProcess } from './process-runner.ts';
import type { Runner } from './runner.ts';
import { SchemaNumbers } from './schema-numbers.ts';
import { Slot } from './slot.ts';

const hangMs = 500;

test('a process that is stopped in the middle of a message and goes on costs the message nothing', async (t) => {
  const clock = new SimulatedClock();
  const world = new World(t, clock);
  const done = world.decode(busy);
  await world.begun(1);
  const [pid] = scriptProcesses();
  await stopped(pid);
  clock.advance(4 * hangMs);
  process.kill(pid, 'SIGCONT');
  assert.deepEqual([codes(await done), world.strikes, world.runners.length], [['ok'], 0, 1]);
});

test('a process that stays stopped is replaced, and its message is decoded by the next one', async (t) => {
  const clock = new SimulatedClock();
  const world = new World(t, clock);
  const done = world.decode(busy);
  await world.begun(1);
  const [pid] = scriptProcesses();
  await stopped(pid);
  clock.advance(6 * hangMs);
  assert.deepEqual([codes(await done), world.strikes, world.runners.length], [['ok'], 0, 2]);
  assert.equal(scriptProcesses().includes(pid), false);
});

test('a script without end that was stopped on the way still ends', async (t) => {
  const world = new World(t, systemClock);
  const done = world.decode('for (;;);');
  await world.begun(1);
  const [pid] = scriptProcesses();
  await stopped(pid);
  process.kill(pid, 'SIGCONT');
  assert.deepEqual([codes(await done), world.strikes, world.runners.length], [['driver_timeout'], 1, 1]);
});

test('a script is refused more memory beside the heap than its process may have, and goes on with less', async (t) => {
  const world = new World(t, new SimulatedClock());
  const [result] = await world.decode(`let refused;
    try { new Uint8Array(2 ** 31) } catch (problem) { refused = problem.message }
    return { data: { refused, filled: new Uint8Array(2 ** 20).fill(1).length } };`);
  assert.deepEqual(result.ok && result.readings, [
    { data: { refused: 'Array buffer allocation failed', filled: 2 ** 20 } },
  ]);
});

/** Some tenths of a second at work. */
const busy = 'let n = 0; while (n < 2e8) n++; return { data: { n } };';
/** Longer than any of these tests: what ends a script here is the watch from outside. */
const timeBoxMs = 60_000;

/** A place for real script processes. */
class World {
  readonly runners: Runner[] = [];
  strikes = 0;
  readonly #slot: Slot;

  constructor(t: TestContext, clock: Clock) {
    this.#slot = new Slot({
      name: 'test',
      start: (events) => {
        const runner = startProcess(timeBoxMs, 0, events);
        this.runners.push(runner);
        return runner;
      },
      schemas: new SchemaNumbers(),
      hangMs: () => hangMs,
      clock,
      log: silentLog,
      settle: (item, result) => item.batch.settle(item.position, result),
      refuse: () => undefined,
      strike: () => this.strikes++,
    });
    t.after(() => this.#slot.stop());
  }

  decode(body: string): Promise<readonly DecodeResult[]> {
    const ref = { id: 'd', version: '1.0.0' };
    const script = `function decodeUplink() { ${body} }`;
    const driver = { ...ref, deviceType: 'x', firmware: '*', number: 0, script };
    const device = { id: 'd', type: 'x', firmwareVersion: undefined, attributes: {} };
    const request = {
      driver: ref,
      bytes: Buffer.of(1),
      fPort: 1,
      receivedAt: 0,
      topic: 'devices/d/telemetry',
      contentType: undefined,
      eventType: 'telemetry',
      device,
      schemas: {},
      schemaPolicy: 'off' as const,
    };
    const batch = new Batch(1);
    this.#slot.push({ driver, request, batch, position: 0, alone: true, boxed: true });
    this.#slot.pump();
    return batch.done;
  }

  /** Resolves when the last of so many processes says that it works on a message. */
  async begun(processes: number): Promise<void> {
    while (this.runners.length < processes || this.runners[processes - 1].progress().count === 0) await turn();
  }
}

/** Resolves when the process has the processor no more. */
async function stopped(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP');
  while (!/^\d+ \(.*\) T /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))) await turn();
}

/** The processes for scripts that this one has started and not ended. */
function scriptProcesses(): number[] {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'latin1').trim().split(' ').map(Number);
  return children.filter((pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('script-process'));
}

function codes(results: readonly DecodeResult[]): string[] {
  return results.map((result) => (result.ok ? 'ok' : result.code));
}
