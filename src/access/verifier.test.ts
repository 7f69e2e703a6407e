import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SluiceError } from '../errors.ts';
import { SimulatedClock } from '../std/clock.ts';
import type { TurnLimits } from './turns.ts';
import { Verifier, verificationLimits } from './verifier.ts';

/** Derivations that end when the test says so. A secret is right where it equals the hash. */
class Derivations {
  started = 0;
  running = 0;
  runningPeak = 0;
  readonly #waiting: (() => void)[] = [];

  readonly verify = async (secret: Buffer, hash: string): Promise<boolean> => {
    this.started++;
    this.running++;
    this.runningPeak = Math.max(this.runningPeak, this.running);
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.running--;
    return secret.toString() === hash;
  };

  finishOne(): void {
    this.#waiting.shift()?.();
  }

  async finishAll(): Promise<void> {
    await settled();
    while (this.#waiting.length > 0) {
      this.#waiting.shift()?.();
      await settled();
    }
  }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const secret = (text: string): Buffer => Buffer.from(text);

const here = '192.0.2.1';

function setUp(limits: Partial<TurnLimits> = {}) {
  const clock = new SimulatedClock();
  const derivations = new Derivations();
  const verifier = new Verifier(clock, { ...verificationLimits, perAddressMax: 2_000, ...limits }, derivations.verify);
  const check = async (subject: string, text: string, hash: string): Promise<boolean> => {
    const answer = verifier.check(subject, secret(text), hash, here);
    await derivations.finishAll();
    return answer;
  };
  return { clock, derivations, verifier, check };
}

test('a storm of reconnecting devices costs no derivation while their passwords are remembered', async () => {
  const { check, derivations, verifier } = setUp();
  const devices = Array.from({ length: 1000 }, (_, at) => `device-${at}`);
  const first = devices.map((id) => verifier.check(id, secret(id), id, here));
  await derivations.finishAll();
  assert.deepEqual(new Set(await Promise.all(first)), new Set([true]));
  assert.equal(derivations.started, 1000);
  for (const id of devices) assert.equal(await check(id, id, id), true);
  assert.equal(derivations.started, 1000);
});

test('what was right is asked again after its time', async () => {
  const { check, clock, derivations } = setUp();
  await check('a', 'secret', 'secret');
  clock.advance(9 * 60_000);
  await check('a', 'secret', 'secret');
  assert.equal(derivations.started, 1);
  clock.advance(60_000);
  await check('a', 'secret', 'secret');
  assert.equal(derivations.started, 2);
});

test('a changed hash counts at once', async () => {
  const { check, derivations } = setUp();
  assert.equal(await check('a', 'old', 'old'), true);
  assert.equal(await check('a', 'old', 'new'), false);
  assert.equal(await check('a', 'old', 'old'), true);
  assert.equal(derivations.started, 2);
});

test('one wrong password that comes again and again costs one derivation in ten seconds, and the right one still passes', async () => {
  const { check, clock, derivations } = setUp();
  for (let time = 0; time < 5; time++) assert.equal(await check('a', 'wrong', 'right'), false);
  assert.equal(derivations.started, 1);
  assert.equal(await check('a', 'right', 'right'), true);
  clock.advance(10_000);
  assert.equal(await check('a', 'wrong', 'right'), false);
  assert.equal(derivations.started, 3);
});

test('the same question asked twice at once is one derivation', async () => {
  const { derivations, verifier } = setUp();
  const both = [verifier.check('a', secret('x'), 'x', here), verifier.check('a', secret('x'), 'x', here)];
  await derivations.finishAll();
  assert.deepEqual(await Promise.all(both), [true, true]);
  assert.equal(derivations.started, 1);
});

test('the same password of two subjects is two questions', async () => {
  const { check, derivations } = setUp();
  await check('a', 'bc', 'bc');
  await check('ab', 'c', 'bc');
  await check('b', 'bc', 'bc');
  assert.equal(derivations.started, 3);
});

test('no more than two derivations run at once', async () => {
  const { derivations, verifier } = setUp();
  const all = Array.from({ length: 50 }, (_, at) => verifier.check(`s${at}`, secret('x'), 'x', here));
  await derivations.finishAll();
  await Promise.all(all);
  assert.equal(derivations.runningPeak, 2);
  assert.equal(derivations.running, 0);
});

test('beyond the limit of outstanding derivations a login is told to wait, and passes later', async () => {
  const { check, derivations, verifier } = setUp({ outstandingMax: 3 });
  const waiting = [1, 2, 3].map((at) => verifier.check(`s${at}`, secret('x'), 'x', here));
  await assert.rejects(
    verifier.check('s4', secret('x'), 'x', here),
    (problem) => problem instanceof SluiceError && problem.code === 'quota_exceeded',
  );
  await derivations.finishAll();
  await Promise.all(waiting);
  assert.equal(verifier.outstanding, 0);
  assert.equal(await check('s4', 'x', 'x'), true);
});

test('a derivation that fails rejects and gives its place back', async () => {
  let fail = true;
  const verifier = new Verifier(new SimulatedClock(), { ...verificationLimits, outstandingMax: 2 }, async () => {
    if (fail) throw new Error('out of memory');
    return true;
  });
  for (let time = 0; time < 5; time++)
    await assert.rejects(verifier.check('a', secret('x'), 'x', here), /out of memory/);
  fail = false;
  assert.equal(await verifier.check('a', secret('x'), 'x', here), true);
});

test('2,000 wrong passwords from one address leave every other address its turn', async () => {
  const { derivations, verifier } = setUp({ perAddressMax: 200 });
  const attempts = Array.from({ length: 2_000 }, (_, at) =>
    verifier.check('ann', secret(`guess ${at}`), 'right', '2001:db8:0:1::bad').catch((problem: SluiceError) => problem),
  );
  await settled();
  const other = verifier.check('bob', secret('right'), 'right', '2001:db8:0:2::1');
  await settled();
  // Two guesses run, and one may be next; then it is the turn of elsewhere, before the many that wait longer.
  for (let time = 0; time < 5; time++) {
    derivations.finishOne();
    await settled();
  }
  assert.equal(await other, true);
  assert.ok(derivations.started <= 7, `${derivations.started} derivations had begun`);
  await derivations.finishAll();
  const answers = await Promise.all(attempts);
  assert.equal(answers.filter((answer) => answer === false).length, 200);
  const [refusal] = answers.filter((answer) => answer instanceof SluiceError);
  assert.equal(refusal.code, 'quota_exceeded');
  assert.equal(refusal.detail?.limit, 'verificationsPerAddressMax');
});
