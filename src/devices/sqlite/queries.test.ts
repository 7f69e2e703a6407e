import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { openForWriting } from './database.ts';
import { ExportQueries } from './export-queries.ts';
import { ReadingsQueries } from './readings-queries.ts';
import { SeriesQueries } from './series-queries.ts';

const page = readFileSync(new URL('../../../docs/sql.md', import.meta.url), 'utf8');

test('every query of docs/sql.md runs on the tables, and finds its rows without reading a whole table of readings', () => {
  const database = openForWriting(':memory:');
  const queries = [...page.matchAll(/```sql\n([^`]+)```/g)].map(([, sql]) => sql);
  assert.ok(queries.length >= 7, `${queries.length} queries`);
  for (const sql of queries) {
    assert.deepEqual(database.prepare(sql).all(), []);
    const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[];
    for (const { detail } of plan)
      assert.doesNotMatch(detail, /^SCAN (history|state|raw|rollups|inbox|h|s|r|i)\b/, sql);
  }
  database.close();
});

test('what is read page by page costs its own rows: no page sorts, and none reads a whole table', () => {
  const database = openForWriting(':memory:');
  const prepared: string[] = [];
  const prepare = database.prepare.bind(database);
  database.prepare = (sql: string) => {
    prepared.push(sql);
    return prepare(sql);
  };
  for (const Queries of [ReadingsQueries, SeriesQueries, ExportQueries]) new Queries(database);
  const ofReadings = prepared.filter((sql) => /\b(history|rollups)\b/.test(sql));
  assert.ok(ofReadings.length >= 6);
  for (const sql of ofReadings) {
    const plan = prepare(`EXPLAIN QUERY PLAN ${sql}`).all() as { detail: string }[];
    for (const { detail } of plan)
      assert.doesNotMatch(detail, /^SCAN (history|rollups)|TEMP B-TREE/, `${sql}: ${detail}`);
  }
  database.close();
});
