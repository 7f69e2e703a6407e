import assert from 'node:assert/strict';
import { test } from 'node:test';
import { consumersNeeded, type Demand, DesiredConsumers } from './desired-consumers.ts';

const options = { messagesPerConsumer: 0, drainMs: 60_000, max: 100 };
const idle: Demand = { backlog: 0, consumers: 0, arrivalRate: 0, acknowledgeRate: 0, processingMs: 0 };

test('nothing to do takes nobody, and a first message takes one', () => {
  assert.equal(consumersNeeded(idle, options), 0);
  assert.equal(consumersNeeded({ ...idle, backlog: 1 }, options), 1);
});

test('what comes in is done by as many as the time for one message asks for, with some to spare', () => {
  // 100 a second at 200 ms each keep 20 busy.
  const busy = { ...idle, consumers: 25, arrivalRate: 100, acknowledgeRate: 100, processingMs: 200 };
  assert.equal(consumersNeeded(busy, options), 25);
});

test('a backlog takes more, so that it is gone in the time for it', () => {
  const busy = { backlog: 6_000, consumers: 10, arrivalRate: 50, acknowledgeRate: 50, processingMs: 200 };
  // 50 a second and 6,000 in a minute are 150 a second.
  assert.equal(consumersNeeded(busy, options), Math.ceil((150 * 0.2) / 0.8));
  assert.equal(consumersNeeded(busy, { ...options, drainMs: 600_000 }), Math.ceil((60 * 0.2) / 0.8));
});

test('messages that lie at a consumer until it comes to them are not taken for work', () => {
  // Each of 2 consumers does 10 a second and holds 32 at once, so that a message is there for 3.2 s.
  const hoarding = { backlog: 64, consumers: 2, arrivalRate: 20, acknowledgeRate: 20, processingMs: 3_200 };
  assert.equal(consumersNeeded(hoarding, options), Math.ceil(((20 + 64 / 60) * 0.1) / 0.8));
});

test('one who says what a consumer is good for is believed, and nobody asks for more than the maximum', () => {
  const demand = { ...idle, backlog: 2_500, acknowledgeRate: 1, processingMs: 1 };
  assert.equal(consumersNeeded(demand, { ...options, messagesPerConsumer: 1_000 }), 3);
  assert.equal(consumersNeeded(demand, { ...options, messagesPerConsumer: 1 }), 100);
});

test('while nothing gets done the consumers that are there are enough', () => {
  assert.equal(consumersNeeded({ ...idle, backlog: 500, consumers: 7 }, options), 7);
});

test('the figure rises at once and falls when less was enough for a minute', () => {
  const desired = new DesiredConsumers();
  const steps: [seconds: number, needed: number, expected: number][] = [
    [0, 2, 2],
    [5, 8, 8],
    [10, 3, 8],
    [60, 3, 8],
    [65, 3, 3],
    [70, 0, 3],
    [124, 0, 3],
    [125, 0, 0],
    [130, 1, 1],
  ];
  for (const [seconds, needed, expected] of steps) {
    assert.equal(desired.update(needed, seconds * 1_000), expected, `after ${seconds} s`);
  }
});

test('a figure that goes up and down by a tenth stays where it is', () => {
  const desired = new DesiredConsumers();
  const figures = Array.from({ length: 100 }, (_, i) => desired.update(i === 0 ? 20 : 19 + (i % 3), i * 5_000));
  assert.deepEqual(new Set(figures), new Set([20]));
});

test('a clock that is set back does not keep what was needed in the future', () => {
  const desired = new DesiredConsumers();
  desired.update(50, 1_000_000);
  assert.equal(desired.update(1, 0), 1);
});
