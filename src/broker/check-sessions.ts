import { decodeMessage } from '../message.ts';
import type { Finding, StoredRows } from '../storage/snapshot.ts';
import { decodeRetained } from './retained-row.ts';
import { bodyOf, numberOf, sequenceOf, sessionKey } from './session-keys.ts';
import { sharedBodyOf } from './session-record.ts';

/** What of the tables of sessions and retained messages cannot be read, or does not agree with the rest. */
export function* checkSessions(rows: StoredRows): Generator<Finding> {
  for (const { key, value } of rows.rows('retained')) {
    const where = `retained message "${key.toString().replaceAll('\0', '/')}"`;
    yield* readable(where, () => decodeRetained(value));
  }
  yield* checkBodies(rows, yield* checkOwed(rows));
  for (const table of ['session-positions', 'session-received'] as const) {
    for (const key of rows.keys(table)) yield* ofSession(rows, `table ${table}`, key);
  }
}

/** Answers how many rows name each body. */
function* checkOwed(rows: StoredRows): Generator<Finding, Map<number, number>> {
  const names = new Map<number, number>();
  for (const { key, value } of rows.rows('session-messages')) {
    yield* ofSession(rows, `message ${sequenceOf(key)}`, key);
    yield* readable(`session ${numberOf(key)}, message ${sequenceOf(key)}`, () => {
      const body = sharedBodyOf(value);
      if (body > 0) names.set(body, (names.get(body) ?? 0) + 1);
    });
  }
  return names;
}

function* checkBodies(rows: StoredRows, names: ReadonlyMap<number, number>): Generator<Finding> {
  const found = new Set<number>();
  for (const { key, value } of rows.rows('session-bodies')) {
    const body = bodyOf(key);
    const where = `body ${body}`;
    found.add(body);
    yield* readable(where, () => decodeMessage(value));
    const counted = rows.get('session-body-counts', key)?.readUInt32BE(0) ?? 0;
    const met = names.get(body) ?? 0;
    if (counted !== met) yield { where, problem: `Its count says that ${counted} sessions owe it, ${met} do` };
  }
  for (const [body, count] of names) {
    if (!found.has(body)) yield { where: `body ${body}`, problem: `${count} sessions owe it, and it is not there` };
  }
}

/** Rows of a session are there as long as its own row is. */
function* ofSession(rows: StoredRows, what: string, key: Buffer): Generator<Finding> {
  const session = numberOf(key);
  if (rows.get('sessions', sessionKey(session)) !== undefined) return;
  yield { where: `session ${session}, ${what}`, problem: 'The session is not there' };
}

function* readable(where: string, read: () => unknown): Generator<Finding> {
  try {
    read();
  } catch (problem) {
    yield { where, problem: `It cannot be read: ${(problem as Error).message}` };
  }
}
