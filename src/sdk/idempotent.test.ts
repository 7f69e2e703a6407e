import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { idempotent } from './idempotent.ts';
import { MemoryLedger } from './ledger/memory-ledger.ts';
import { SqliteLedger } from './ledger/sqlite-ledger.ts';
import { type Received, received } from './received.ts';

const goesOn = new AbortController().signal;

function message(sequence: number, userProperties: Received['userProperties'] = []): Received {
  return received({
    topic: 't',
    payload: Buffer.from(String(sequence)),
    queue: 'jobs',
    sequence,
    attempt: 1,
    enqueuedAt: new Date(0),
    contentType: undefined,
    responseTopic: undefined,
    correlationData: undefined,
    userProperties,
    death: undefined,
  });
}

function sqlite(t: TestContext): () => SqliteLedger {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-ledger-'));
  const opened: SqliteLedger[] = [];
  t.after(() => {
    for (const ledger of opened) ledger.close();
    rmSync(folder, { recursive: true });
  });
  return () => {
    const ledger = new SqliteLedger(join(folder, 'done.sqlite'));
    opened.push(ledger);
    return ledger;
  };
}

test('a message that is delivered again has no second effect, another one has its own', async () => {
  const effects: string[] = [];
  const handler = idempotent({
    ledger: new MemoryLedger(),
    work: (each) => each.text(),
    effect: (result) => void effects.push(result),
  });
  for (const sequence of [1, 1, 2, 1]) await handler(message(sequence), goesOn);
  assert.deepEqual(effects, ['1', '2']);
});

test('two workers with one message at the same time work both, and one has the effect', async (t) => {
  const open = sqlite(t);
  const [first, second] = [open(), open()];
  first.database.exec('CREATE TABLE results (value TEXT)');
  const both = Promise.withResolvers<void>();
  let worked = 0;
  const handlers = [first, second].map((ledger) =>
    idempotent({
      ledger,
      work: async (each) => {
        if (++worked === 2) both.resolve();
        await both.promise;
        return each.text();
      },
      effect: (value, database) => void database.prepare('INSERT INTO results VALUES (?)').run(value),
    }),
  );
  await Promise.all(handlers.map((handler) => handler(message(7), goesOn)));
  assert.equal(worked, 2);
  assert.deepEqual(
    first.database
      .prepare('SELECT value FROM results')
      .all()
      .map(({ value }) => value),
    ['7'],
  );
});

test('an effect that fails leaves neither a trace of itself nor the mark that it is done', async (t) => {
  const ledger = sqlite(t)();
  ledger.database.exec('CREATE TABLE results (value TEXT)');
  let fails = true;
  const handler = idempotent({
    ledger,
    work: (each) => each.text(),
    effect: (value, database) => {
      database.prepare('INSERT INTO results VALUES (?)').run(value);
      if (fails) throw new Error('Disk on fire');
    },
  });
  const count = (): unknown => ledger.database.prepare('SELECT count(*) AS n FROM results').get()?.n;
  await assert.rejects(async () => handler(message(1), goesOn), /Disk on fire/);
  assert.equal(count(), 0);
  fails = false;
  await handler(message(1), goesOn);
  assert.equal(count(), 1);
});

test('where a publisher may send one twice, the key is what the publisher gave', async () => {
  let effects = 0;
  const handler = idempotent({
    ledger: new MemoryLedger(),
    work: () => undefined,
    effect: () => void effects++,
    key: ({ userProperties }) => userProperties.find(([name]) => name === 'sluice-dedup-id')?.[1] ?? '',
  });
  await handler(message(1, [['sluice-dedup-id', 'order 9']]), goesOn);
  await handler(message(2, [['sluice-dedup-id', 'order 9']]), goesOn);
  assert.equal(effects, 1);
});

test('a handler that was given up while it worked has no effect any more', async () => {
  const abort = new AbortController();
  let effects = 0;
  const handler = idempotent({
    ledger: new MemoryLedger(),
    work: () => abort.abort(new Error('The consumer stopped')),
    effect: () => void effects++,
  });
  await assert.rejects(async () => handler(message(1), abort.signal), /The consumer stopped/);
  assert.equal(effects, 0);
});

test('keys are forgotten when they are too many, or too old', (t) => {
  const memory = new MemoryLedger(2);
  for (const key of ['a', 'b', 'c']) memory.once(key, () => undefined);
  assert.deepEqual(
    ['a', 'b', 'c'].map((key) => memory.has(key)),
    [false, true, true],
  );
  const folder = mkdtempSync(join(tmpdir(), 'sluice-ledger-'));
  t.after(() => rmSync(folder, { recursive: true }));
  let now = 0;
  const ledger = new SqliteLedger(join(folder, 'done.sqlite'), { keepMs: 1_000, now: () => now });
  ledger.once('a', () => undefined);
  now = 1_001;
  ledger.once('b', () => undefined);
  assert.deepEqual([ledger.has('a'), ledger.has('b')], [false, true]);
  ledger.close();
});
