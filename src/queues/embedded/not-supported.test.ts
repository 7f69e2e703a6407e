import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import type { Engine, EngineCapability } from '../engine.ts';
import { RecordingConsumer } from '../testing/recording-consumer.ts';
import { TestEngine } from './testing/test-engine.ts';

let under: TestEngine;
beforeEach(async () => {
  under = await new TestEngine().open();
  await under.engine.declare('a', {});
});
afterEach(() => under.close());

const credit = 1;
const wait = { consumerId: 'c', max: 1, waitMs: 0 };

/** One call that needs the capability, each. */
const calls: [EngineCapability, (engine: Engine) => unknown][] = [
  ['logs', (engine) => engine.consume('a', new RecordingConsumer(), { credit, group: 'g' })],
  ['logs', (engine) => engine.consume('a', new RecordingConsumer(), { credit, start: 'earliest' })],
  ['logs', (engine) => engine.lease('a', { ...wait, group: 'g' })],
  ['logs', (engine) => engine.groups('a')],
  ['logs', (engine) => engine.seek('a', 'g', 'earliest')],
];

test('what the engine has no capability for is refused, and says which', async () => {
  for (const [capability, call] of calls) {
    if (under.engine.capabilities.has(capability)) continue;
    await assert.rejects(async () => call(under.engine), {
      code: 'not_supported',
      message: new RegExp(`"${capability}"`),
    });
  }
});
