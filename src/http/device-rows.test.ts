import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvLine } from '../std/csv.ts';
import { type DeviceRow, deviceRows } from './device-rows.ts';

async function rowsOf(text: string): Promise<DeviceRow[]> {
  const rows: DeviceRow[] = [];
  for await (const row of deviceRows(body(text), 'csv', 'meter')) rows.push(row);
  return rows;
}

async function* body(text: string): AsyncGenerator<Buffer> {
  yield Buffer.from(text);
}

test('a line with far more attributes than a device may have is left out, and the next one is read', async () => {
  const many = Object.fromEntries(Array.from({ length: 160_000 }, (_, at) => [at.toString(36), 1]));
  const [bad, good] = await rowsOf(`id,attributes\r\n${csvLine(['a', JSON.stringify(many)])}b,\r\n`);
  assert.ok('problem' in bad && bad.problem.code === 'invalid_argument');
  assert.ok('imported' in good && good.imported.device.id === 'b');
});

test('an attribute with a column of its own counts before that of the bag', async () => {
  const [row] = await rowsOf(`id,attributes.site,attributes\r\na,north,${csvLine(['{"site":"south","floor":"2"}'])}`);
  assert.ok('imported' in row);
  assert.deepEqual(row.imported.device.attributes, { site: 'north', floor: '2' });
});
