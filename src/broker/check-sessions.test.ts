import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeMessage } from '../message.ts';
import type { Row } from '../storage/environment.ts';
import type { StoredRows } from '../storage/snapshot.ts';
import type { TableName } from '../storage/tables.ts';
import { checkSessions } from './check-sessions.ts';
import { bodyKey, owedKey, receivedKey, sessionKey } from './session-keys.ts';

const message = {
  topic: 'a/b',
  payload: Buffer.from('x'),
  qos: 1,
  retain: false,
  properties: undefined,
  receivedAt: 0,
  publisher: '',
} as const;
const one = Buffer.from([0, 0, 0, 1]);
const two = Buffer.from([0, 0, 0, 2]);

/** Row of a session that owes a body. */
function owing(body: number): Buffer {
  const row = Buffer.alloc(9);
  row[0] = 0x09;
  row.writeUIntBE(body, 3, 6);
  return row;
}

function findings(tables: Partial<Record<TableName, readonly (readonly [Buffer, Buffer])[]>>): string[] {
  const read = (table: TableName): Row[] => (tables[table] ?? []).map(([key, value]) => ({ key, value }));
  const rows: StoredRows = {
    get: (table, key) => read(table).find((row) => row.key.equals(key))?.value,
    *rows(table) {
      yield* read(table);
    },
    *keys(table) {
      for (const { key } of read(table)) yield key;
    },
  };
  return [...checkSessions(rows)].map(({ where, problem }) => `${where}: ${problem}`);
}

test('sessions whose rows agree are sound', () => {
  const sound = findings({
    retained: [[Buffer.from('a\0b'), encodeMessage(message, 8)]],
    sessions: [[sessionKey(1), Buffer.from('{}')]],
    'session-positions': [[sessionKey(1), Buffer.alloc(1)]],
    'session-received': [[receivedKey(1, 7), Buffer.alloc(1)]],
    'session-messages': [
      [owedKey(1, 1), owing(5)],
      [owedKey(1, 2), owing(5)],
    ],
    'session-bodies': [[bodyKey(5), encodeMessage(message)]],
    'session-body-counts': [[bodyKey(5), two]],
  });
  assert.deepEqual(sound, []);
});

test('what belongs to no session, bodies that are miscounted or missing, and what cannot be read are found', () => {
  const found = findings({
    retained: [[Buffer.from('a\0b'), Buffer.alloc(9, 0xff)]],
    sessions: [[sessionKey(1), Buffer.from('{}')]],
    'session-positions': [[sessionKey(2), Buffer.alloc(1)]],
    'session-received': [[receivedKey(3, 7), Buffer.alloc(1)]],
    'session-messages': [
      [owedKey(1, 1), owing(5)],
      [owedKey(1, 2), owing(6)],
      [owedKey(4, 1), owing(5)],
    ],
    'session-bodies': [[bodyKey(5), encodeMessage(message)]],
    'session-body-counts': [[bodyKey(5), one]],
  });
  assert.match(found[0], /^retained message "a\/b": It cannot be read: /);
  assert.deepEqual(found.slice(1), [
    'session 4, message 1: The session is not there',
    'body 5: Its count says that 1 sessions owe it, 2 do',
    'body 6: 1 sessions owe it, and it is not there',
    'session 2, table session-positions: The session is not there',
    'session 3, table session-received: The session is not there',
  ]);
});
