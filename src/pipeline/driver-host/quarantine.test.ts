import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SimulatedClock } from '../../std/clock.ts';
import { Quarantine, strikesMax, strikesOfBreakdown, strikeWindowMs } from './quarantine.ts';

test('a driver is set aside after its strikes within the window, and comes back after it', () => {
  const clock = new SimulatedClock();
  const quarantine = new Quarantine(clock);
  for (let strike = 1; strike < strikesMax; strike++) quarantine.strike(1, 'meter');
  assert.equal(quarantine.heldUntil(1, 'meter'), undefined);
  assert.equal(quarantine.strike(1, 'meter'), true);
  assert.equal(quarantine.heldUntil(1, 'meter'), clock.now() + strikeWindowMs);
  assert.equal(quarantine.strike(1, 'meter'), false, 'it is set aside once');
  assert.equal(quarantine.heldUntil(1, 'tracker'), undefined);
  quarantine.strike(1, 'tracker');
  assert.deepEqual([quarantine.heldFor(1), quarantine.heldFor(2)], [['meter'], []]);
  clock.advance(strikeWindowMs);
  assert.equal(quarantine.heldUntil(1, 'meter'), undefined);
  assert.deepEqual(quarantine.heldFor(1), []);
  quarantine.strike(1, 'meter');
  assert.equal(quarantine.heldUntil(1, 'meter'), undefined);
});

test('messages that took their thread or process along set a driver aside sooner', () => {
  const quarantine = new Quarantine(new SimulatedClock());
  for (const isHeld of [false, false, true]) {
    assert.equal(quarantine.strike(1, 'meter', strikesOfBreakdown), isHeld);
    assert.equal(quarantine.heldUntil(1, 'meter') !== undefined, isHeld);
  }
  assert.equal(quarantine.strike(1, 'meter', strikesOfBreakdown), false);
});
