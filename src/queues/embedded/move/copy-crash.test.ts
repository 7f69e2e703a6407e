import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { userProperty } from '../../../message.ts';
import { silentLog } from '../../../std/log.ts';
import { runUntilKilled } from '../../../std/testing/killed-child.ts';
import { forSeedsInTurn } from '../../../std/testing/seed.ts';
import { Environment } from '../../../storage/environment.ts';
import { GroupCommit } from '../../../storage/group-commit.ts';
import { checkQueues } from '../check/check-queues.ts';
import { EmbeddedEngine } from '../engine.ts';
import { messageKey, queueKey, queueOfKey, sequenceMax, sequenceOfMessageKey } from '../keys.ts';
import { messageOf } from '../record.ts';
import { storedRows } from '../testing/stored-rows.ts';
import { decodeMovePart, endOfMoveKeys, firstMoveKey, type MoveOrder, type MoveProgress } from './move-row.ts';

const child = fileURLToPath(new URL('../testing/copy-crash-child.ts', import.meta.url));
const kills = 12;
const messages = 3_000;

/** A copy as its rows tell of it. */
interface StoredCopy {
  readonly order: MoveOrder;
  readonly progress: MoveProgress;
}

test('killed during copies out of a log, each message comes once, up to where the copy says that it has come', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-copies-'));
  let run = 0;
  let goneOn = 0;
  await forSeedsInTurn(kills, async (random) => {
    await runUntilKilled(child, [folder, String(++run), String(messages)], random.between(1, 60));
    goneOn += await checkKilled(folder);
    await endCopies(folder);
  });
  assert.ok(goneOn > 0, 'no kill fell into the middle of a copy');
  rmSync(folder, { recursive: true });
});

/** As the rows say it, before anybody goes on with anything. Answers how many copies were cut in the middle. */
async function checkKilled(folder: string): Promise<number> {
  const environment = new Environment(folder);
  assert.deepEqual([...checkQueues(storedRows(environment))], []);
  const copies = copiesIn(environment);
  for (const copy of copies) checkCopy(environment, copy, copy.progress.cursor);
  await environment.close();
  return copies.filter(({ progress }) => progress.state === 'running' && progress.moved > 0).length;
}

/** Starts an engine, lets what was cut short come to its end, and removes what it made. */
async function endCopies(folder: string): Promise<void> {
  const environment = new Environment(folder);
  const engine = new EmbeddedEngine({ environment, commit: new GroupCommit({ environment }), log: silentLog });
  await engine.start();
  for (const { id } of await engine.moves()) {
    const { state, copied, matched, scanned, total } = await engine.moveStatus(id, 60_000);
    assert.deepEqual({ state, copied, scanned }, { state: 'done', copied: matched, scanned: total });
  }
  for (const copy of copiesIn(environment)) checkCopy(environment, copy, copy.order.end);
  for (const { name } of await engine.list()) if (name !== 'log') await engine.remove(name);
  await engine.stop();
  await environment.close();
}

/** Of those whose queue is still there. */
function copiesIn(environment: Environment): StoredCopy[] {
  const rows = environment.readRange('moves', firstMoveKey, endOfMoveKeys, Number.POSITIVE_INFINITY);
  const copies: StoredCopy[] = [];
  for (let at = 0; at + 1 < rows.length; at += 2) {
    const order = decodeMovePart<MoveOrder>(rows[at].value);
    const progress = decodeMovePart<MoveProgress>(rows[at + 1].value);
    if (idOf(environment, order.spec.to) !== undefined) copies.push({ order, progress });
  }
  return copies;
}

/** What is in the target is what the log has of the part up to `end`, in its order. */
function checkCopy(environment: Environment, { order }: StoredCopy, end: number): void {
  const { id, spec } = order;
  const from = Number(spec.start);
  const expected = messagesOf(environment, order.sourceId)
    .filter(({ sequence, kind }) => sequence >= from && sequence < end && kind === 'common')
    .map(({ payload }) => payload);
  const target = idOf(environment, spec.to);
  assert.ok(target !== undefined);
  const arrived = messagesOf(environment, target).map(({ payload }) => payload);
  assert.deepEqual(arrived, expected, `copy ${id} from ${from} up to ${end} brought something else`);
}

function messagesOf(environment: Environment, queue: number) {
  const rows = environment.readRange(
    'messages',
    messageKey(queue, 0, 0),
    messageKey(queue, 0, sequenceMax),
    Number.POSITIVE_INFINITY,
  );
  return rows.map(({ key, value }) => {
    const message = messageOf(value);
    const payload = message.payload.toString();
    return { sequence: sequenceOfMessageKey(key), payload, kind: userProperty(message, 'kind') };
  });
}

function idOf(environment: Environment, name: string | undefined): number | undefined {
  const rows = environment.readRange('queues', queueKey(0), queueKey(2 ** 32 - 1), Number.POSITIVE_INFINITY);
  const row = rows.find(({ value }) => JSON.parse(value.toString()).name === name);
  return row === undefined ? undefined : queueOfKey(row.key);
}
