import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ImportedDevice } from '../../devices/device.ts';
import { deviceTransferRoutes } from './device-transfer.ts';

async function* fleet(count: number, characters: number): AsyncGenerator<Buffer> {
  const attributes = Object.fromEntries(Array.from({ length: 256 }, (_, at) => [at, 'x'.repeat(characters / 256)]));
  for (let at = 0; at < count; at++)
    yield Buffer.from(`${JSON.stringify({ id: `d${at}`, type: 'meter', attributes })}\n`);
}

test('an import commits devices with large attributes before they fill the memory', async () => {
  const slices: number[] = [];
  const registry = {
    putDevices: async (rows: readonly ImportedDevice[]) => {
      slices.push(rows.length);
      return rows.map(() => ({ outcome: 'made' }));
    },
  };
  const call = { query: {}, headers: { 'content-type': 'application/x-ndjson' }, body: fleet(20, 1024 * 1024) };
  await deviceTransferRoutes[0].handle(call as never, { pipeline: { registry } } as never);
  assert.deepEqual(slices, [4, 4, 4, 4, 4]);
});

test('lines that are refused are told in the order of the file, whatever they are refused for', async () => {
  async function* body(): AsyncGenerator<Buffer> {
    yield Buffer.from('{"id":"d1","type":"nothing"}\n');
    yield Buffer.from('no JSON\n');
    yield Buffer.from('{"id":"d3","type":"nothing"}\n');
  }
  const registry = {
    putDevices: async (rows: readonly ImportedDevice[]) =>
      rows.map(() => ({ outcome: 'refused', code: 'not_found', reason: 'There is no such type' })),
  };
  const call = { query: {}, headers: { 'content-type': 'application/x-ndjson' }, body: body() };
  const answer = await deviceTransferRoutes[0].handle(call as never, { pipeline: { registry } } as never);
  const { problems } = answer.body as { problems: readonly { line: number }[] };
  assert.deepEqual(
    problems.map(({ line }) => line),
    [1, 2, 3],
  );
});
